import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  PolicyPack,
  type PolicyResource,
  type ReportViolation,
  type ResourceValidationArgs,
  type ResourceValidationPolicy,
  type StackValidationPolicy,
} from "@pulumi/policy";
import { read, withSecretsMarked } from "./inputs.ts";
import { type LinkedResource, type Resource, type Rule, type StackRule, TRIAL_STACKS } from "./rule.ts";
import { RULES, STACK_RULES } from "./rules/index.ts";
import { plainSecrets, plainSecretsRule } from "./rules/secrets.ts";
import { readWaivers, waiverFor } from "./waivers.ts";

const now = new Date();
const names = [...RULES, ...STACK_RULES, plainSecretsRule].map(({ name }) => name);
const waivers = readWaivers(readFileSync(join(import.meta.dirname, "waivers.json"), "utf8"), names, now);

/** Reports faults, but for those that are waived; of a waiver that has ended it says so. */
function tell(
  rule: { name: string; remedy: string },
  resource: Resource,
  faults: readonly string[],
  report: ReportViolation,
) {
  const found = waiverFor(waivers, rule.name, resource, now);
  if (found?.inForce) return;
  const ended = found ? ` Its waiver ended on ${found.waiver.until}.` : "";
  for (const fault of faults) report(`${resource.name}: ${fault}.${ended} ${rule.remedy}`);
}

function seen(args: Pick<ResourceValidationArgs, "type" | "urn" | "name" | "opts" | "props">): Resource {
  const stack = args.urn.split(":")[2] ?? "";
  return {
    // azure-native has a type for each API version besides the one without.
    type: args.type.replace(/\/v\d{8}\w*:/, ":"),
    name: args.name,
    stack,
    production: !TRIAL_STACKS.has(stack),
    protect: args.opts.protect,
    get: (path) => read(args.props, path),
  };
}

function linked(one: PolicyResource): LinkedResource {
  const from = (property: string) => (one.propertyDependencies[property] ?? []).map(({ urn }) => urn);
  return { ...seen(one), urn: one.urn, from };
}

function shown({ name, description, remedy, level }: Pick<Rule, "name" | "description" | "remedy" | "level">) {
  return { name, description, remediationSteps: remedy, enforcementLevel: level ?? "mandatory" } as const;
}

const each = (rule: Rule): ResourceValidationPolicy => ({
  ...shown(rule),
  validateResource(args, report) {
    const resource = seen(args);
    tell(rule, resource, rule.check(resource), report);
  },
});

const together = (rule: StackRule): StackValidationPolicy => ({
  ...shown(rule),
  validateStack({ resources }, report) {
    for (const { resource, fault } of rule.check(resources.map(linked))) {
      tell(rule, resource, [fault], (text) => report(text, resource.urn));
    }
  },
});

/** Inputs with their secrets marked, as the first of the engine's two calls for a resource has them. */
const looked = new Map<string, unknown>();

const secrets: ResourceValidationPolicy = {
  ...shown(plainSecretsRule),
  // Changes nothing: of the two calls, only a remediation's inputs tell what is secret. Its faults count as mandatory.
  enforcementLevel: "remediate",
  remediateResource({ urn, props }) {
    looked.set(urn, withSecretsMarked(props));
  },
  validateResource(args, report) {
    const resource = seen(args);
    if (!looked.has(args.urn)) throw new Error(`${args.urn} was not shown with its secrets marked.`);
    tell(plainSecretsRule, resource, plainSecrets(resource.type, looked.get(args.urn)), report);
  },
};

/** Says in every preview what is borne, so that no waiver is forgotten. */
const inForce: ResourceValidationPolicy = {
  name: "waivers",
  description: "Faults that are known and borne for a while (policy/waivers.json).",
  enforcementLevel: "advisory",
  validateResource(args, report) {
    const resource = seen(args);
    for (const rule of names) {
      const found = waiverFor(waivers, rule, resource, now);
      if (found?.inForce)
        report(`${resource.name}: ${rule} is waived until ${found.waiver.until}: ${found.waiver.reason}`);
    }
  },
};

new PolicyPack("ml-delivery", { policies: [...RULES.map(each), secrets, ...STACK_RULES.map(together), inForce] });
