import assert from "node:assert/strict";
import { describe as group, it } from "node:test";
import { problemsAfter } from "./problems.ts";

group("who CI is", () => {
  const repository = (parts: object) =>
    problemsAfter((values) => Object.assign(values["ml-delivery:repository"] as object, parts));
  const identity = (value: object) =>
    problemsAfter((values) => Object.assign(values, { "ml-delivery:identity": value }));
  const principal = {
    clientId: "aaaaaaaa-0000-4000-8000-000000000001",
    principalId: "bbbbbbbb-0000-4000-8000-000000000001",
  };
  const without = "ml-delivery:identity.principal is missing; allowed: the service principal of CI where auth is keys";

  it("is told by ids where subjects are immutable", () => {
    assert.deepEqual(repository({ oidcSubject: "immutable", ownerId: 1, repositoryId: 2 }), []);
    assert.deepEqual(repository({ oidcSubject: "immutable" }), [
      "ml-delivery:repository.ownerId is missing; allowed: the number that GitHub's API gives, as oidcSubject is immutable; look it up with `gh api repos/OWNER/REPO --jq '.owner.id, .id'`",
      "ml-delivery:repository.repositoryId is missing; allowed: the number that GitHub's API gives, as oidcSubject is immutable; look it up with `gh api repos/OWNER/REPO --jq '.owner.id, .id'`",
    ]);
  });

  it("must be told: a wrong subject is found out by the first job that fails", () => {
    assert.deepEqual(repository({ oidcSubject: undefined }), [
      "ml-delivery:repository.oidcSubject is missing; allowed: classic, immutable; add it",
    ]);
  });

  it("is told by issuer and subject of the tokens, where they are not GitHub's", () => {
    const subject = "project_path:team/plant:ref_type:branch:ref:main";
    const oidc = (parts: object = {}, ci = "gitlab") =>
      repository({ ci, oidc: { issuer: "https://gitlab.com", subject, ...parts } });
    assert.deepEqual(oidc(), []);
    assert.deepEqual(
      oidc({ issuer: "https://ci.example.org/oidc", subject: "https://ci.example.org/job/a/" }, "jenkins"),
      [],
    );
    const allowed = "allowed: issuer and subject of the CI system's tokens where auth is oidc and ci is not github";
    assert.deepEqual(repository({ ci: "jenkins" }), [
      `ml-delivery:repository.oidc is missing; ${allowed}; else nothing; add what jenkins writes into \`iss\` and \`sub\``,
    ]);
    assert.match(oidc({}, "github").join("\n"), /repository\.oidc is .*; else nothing; remove it, or set ci$/);
    for (const issuer of ["http://gitlab.com", "gitlab.com", "https://gitlab.com/", "https://gitlab.com:8443"]) {
      assert.match(oidc({ issuer }).join("\n"), /oidc\.issuer is .*allowed: an https address/, issuer);
    }
    for (const wild of ["project_path:team/*", "project_path:team/plant?", "$" + "{aws:username}", "a b", ""]) {
      assert.match(oidc({ subject: wild }).join("\n"), /oidc\.subject is .*allowed: a whole subject/, wild);
    }
  });

  it("shows no tokens with keys", () => {
    const { length } = problemsAfter((values) => {
      Object.assign(values["ml-delivery:repository"] as object, { ci: "gitlab" });
      Object.assign(values, { "ml-delivery:identity": { auth: "keys", principal } });
    });
    assert.equal(length, 0);
  });

  it("has a principal with keys, and none without", () => {
    assert.deepEqual(identity({ auth: "oidc" }), []);
    assert.deepEqual(identity({ auth: "keys", principal }), []);
    assert.deepEqual(identity({ auth: "keys" }), [
      `${without}, and nothing where it is oidc; add clientId and principalId`,
    ]);
    assert.match(identity({ auth: "oidc", principal }).join("\n"), /; remove it$/);
  });

  it("copies from other stacks alone", () => {
    assert.match(
      identity({ auth: "oidc", readsFrom: ["staging"] }).join("\n"),
      /remove it: a stack reads its own packages$/,
    );
    assert.deepEqual(identity({ auth: "oidc", readsFrom: ["dev"] }), []);
  });

  it("is no name where Entra ID has ids", () => {
    assert.match(
      identity({ auth: "oidc", callers: ["web"] }).join("\n"),
      /callers\[0\] is "web"; allowed: an id of Entra ID/,
    );
  });
});
