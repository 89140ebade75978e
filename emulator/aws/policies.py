"""Bucket policies as S3 judges them: a statement whose conditions are not met does not apply.

moto takes an unmet condition for a denial, so the usual "refuse what is not TLS" would refuse everything.
"""

import json

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket

# The loopback connection stands in for TLS: nothing leaves this machine.
CONTEXT = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.3"}

OPERATORS = {
    "Bool": lambda actual, wanted: actual == wanted.lower(),
    "StringEquals": lambda actual, wanted: actual == wanted,
    "StringNotEquals": lambda actual, wanted: actual != wanted,
    "NumericLessThan": lambda actual, wanted: float(actual) < float(wanted),
    "NumericGreaterThanEquals": lambda actual, wanted: float(actual) >= float(wanted),
}


def applies(statement: dict) -> bool:
    """Whether every condition is met. One that asks for something unknown here is not."""
    for operator, keys in statement.get("Condition", {}).items():
        for key, wanted in keys.items():
            values = wanted if isinstance(wanted, list) else [wanted]
            test, actual = OPERATORS.get(operator), CONTEXT.get(key)
            if test is None or actual is None or not any(test(actual, str(value)) for value in values):
                return False
    return True


def get_permission(bucket: FakeBucket, action: str, resource: str) -> PermissionResult:
    if bucket.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(bucket.policy)
    statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    kept = [{k: v for k, v in s.items() if k != "Condition"} for s in statements if applies(s)]
    if not kept:
        return PermissionResult.NEUTRAL
    return IAMPolicy(json.dumps({**policy, "Statement": kept})).is_action_permitted(action, resource)


def takes_logs(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
    """Whether the bucket's policy lets S3 write access logs. moto asks so too, and falls over a principal that is `*`."""
    if target_bucket.policy is None:
        return False
    everything, prefixed = f"{target_bucket.arn}/*", f"{target_bucket.arn}/{target_prefix or ''}*"
    return any(
        statement["Effect"] == "Allow"
        and statement["Principal"] == {"Service": "logging.s3.amazonaws.com"}
        and "s3:PutObject" in statement["Action"]
        and statement["Resource"] in (everything, prefixed)
        for statement in json.loads(target_bucket.policy)["Statement"]
    )


def judge_by_conditions() -> None:
    """Makes moto judge so."""
    FakeBucket.get_permission = get_permission
    FakeBucket._log_permissions_enabled_policy = staticmethod(takes_logs)
