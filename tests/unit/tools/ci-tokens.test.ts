import assert from "node:assert/strict";
import { describe as group, it } from "node:test";
import { parseDocument } from "yaml";
import { decodeToken } from "../../../emulator/jwt.ts";
import { chooseSystem, mintTokens, tokensOf } from "../../../tools/rehearsal/ci/tokens.ts";
import { problemsAfter } from "../config/problems.ts";

const repository = { owner: "example-org", name: "leaves" };

group("the ID tokens of a rehearsed CI system", () => {
  for (const system of ["gitlab", "jenkins"] as const) {
    it(`say of a job of ${system} what the stack file trusts`, () => {
      const document = parseDocument("config:\n  ml-delivery:repository: { name: leaves }\n");
      chooseSystem(document, system, repository);
      const { name, ...chosen } = document.toJS().config["ml-delivery:repository"];
      assert.deepEqual([name, chosen.ci], ["leaves", system]);
      assert.deepEqual(
        problemsAfter((values) => Object.assign(values["ml-delivery:repository"] as object, chosen)),
        [],
      );
      const { AWS_ID_TOKEN: aws, AZURE_ID_TOKEN: azure } = mintTokens(system, repository);
      const [forAws, forAzure] = [decodeToken(aws), decodeToken(azure)];
      assert.deepEqual([forAws?.["aud"], forAzure?.["aud"]], ["sts.amazonaws.com", "api://AzureADTokenExchange"]);
      for (const claims of [forAws, forAzure]) {
        assert.deepEqual({ issuer: claims?.["iss"], subject: claims?.["sub"] }, chosen.oidc);
        assert.equal(Number(claims?.["exp"]) - Number(claims?.["iat"]), 5 * 3600);
      }
    });
  }

  it("are GitHub's own affair, and what others had is taken away", () => {
    const document = parseDocument("config:\n  ml-delivery:repository: { name: leaves }\n");
    chooseSystem(document, "gitlab", repository);
    chooseSystem(document, "github", repository);
    assert.deepEqual(document.toJS().config["ml-delivery:repository"], { name: "leaves", ci: "github" });
    assert.equal(tokensOf("github", repository), undefined);
    assert.throws(() => mintTokens("github", repository), /^Error: github gives its jobs tokens by a service/);
  });
});
