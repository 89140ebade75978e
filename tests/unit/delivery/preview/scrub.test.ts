import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { readPreview } from "../../../../delivery/preview/events.ts";
import { knownSecrets, scrubber } from "../../../../delivery/preview/scrub.ts";
import { sectionOf } from "../../../../delivery/preview/section.ts";
import { encodings, leaks } from "../../../support/encodings.ts";
import { preview, step } from "./events.ts";

const secret = 'pl"anted/+Secret_`éß 42';

it("a known secret is hidden in every form, wherever the engine says it", () => {
  const forms = Object.values(encodings(secret)).flat();
  const inputs = Object.fromEntries(forms.map((form, i) => [`p${i}`, `before ${form} after`]));
  const lines = preview(
    [
      step("update", "aws:iam/role:Role", secret, { p: 1 }, { ...inputs, [secret]: 1 }),
      step("create", "aws:s3/bucket:Bucket", forms.join(" "), undefined, {}),
    ],
    [
      { diagnosticEvent: { severity: "error", message: `it said ${forms.join("\n")}` } },
      { policyEvent: { policyName: secret, message: forms.join(" "), enforcementLevel: "mandatory" } },
    ],
  );
  const show = (hide?: (text: string) => string) =>
    sectionOf({ stack: "staging", preview: readPreview(lines, hide), models: { changes: [], unread: [] } }, 60_000);
  assert.notDeepEqual(leaks({ planted: secret }, { comment: show() }), []);
  assert.deepEqual(leaks({ planted: secret }, { comment: show(scrubber([secret])) }), []);
});

it("secrets are known by the names of variables, and by files that variables name", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ml-delivery-scrub-"));
  try {
    const file = join(folder, "passphrase");
    writeFileSync(file, "from the file\n");
    const known = await knownSecrets({
      GITHUB_TOKEN: "token",
      AWS_SECRET_ACCESS_KEY: "key",
      PULUMI_CONFIG_PASSPHRASE_FILE: file,
      ACTIONS_ID_TOKEN_REQUEST_URL: "https://token.example.org",
      AWS_REGION: "us-east-1",
    });
    assert.deepEqual(known.filter(Boolean), ["token", "key", "from the file\n"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("what is short hides nothing", () => {
  assert.equal(scrubber(["", "a", "1234567"])("a 1234567"), "a 1234567");
  assert.equal(scrubber(["12345678\n"])("a 12345678"), "a ***");
});
