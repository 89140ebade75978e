import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { checkConfig, shape } from "../../../config.ts";
import { root, stackConfig } from "../../components/mocks.ts";

const read = (file: string) => parse(readFileSync(join(root, file), "utf8"));
const own = Object.keys(shape).map((key) => `ml-delivery:${key}`);

interface Declared {
  readonly type?: string;
  readonly description?: string;
}

describe("the keys of config", () => {
  const declared = (read("Pulumi.yaml") as { config: Record<string, Declared> }).config;

  it("are the same in Pulumi.yaml and in config.ts", () => {
    assert.deepEqual(Object.keys(declared).sort(), [...own].sort());
  });

  for (const [key, { type, description }] of Object.entries(declared)) {
    it(`are declared with type and meaning: ${key}`, () => {
      assert.match(String(type), /^(string|boolean|object)$/);
      assert.match(String(description), /^[A-Z].{20,}\.$/s);
    });
  }
});

/** The files of this repository, whoever they belong to by now. */
for (const stack of ["staging", "production"]) {
  describe(`Pulumi.${stack}.yaml`, () => {
    it("passes every check", () => {
      const [config, problems] = checkConfig(stackConfig(stack, root), stack);
      assert.deepEqual(problems, []);
      assert.equal(config.stack, stack);
    });

    it("sets no key that config.ts does not know", () => {
      const { config } = read(`Pulumi.${stack}.yaml`) as { config: Record<string, unknown> };
      assert.deepEqual(
        Object.keys(config).filter((key) => key.startsWith("ml-delivery:") && !own.includes(key)),
        [],
      );
    });
  });
}

describe("the stack files of this repository together", () => {
  const [staging, production] = ["staging", "production"].map(
    (stack) => checkConfig(stackConfig(stack, root), stack)[0],
  );

  it("name two endpoints, one project, one repository", () => {
    assert.notEqual(staging?.endpoint.name, production?.endpoint.name);
    assert.equal(staging?.project, production?.project);
    assert.equal(staging?.repository.name, production?.repository.name);
  });
});

describe("the two stacks as they come", () => {
  const both = ["staging", "production"].map((stack) => checkConfig(stackConfig(stack), stack)[0]);

  it("use different endpoint names in their one region", () => {
    assert.deepEqual(
      both.map(({ endpoint }) => endpoint.name),
      ["plant-classifier-staging", "plant-classifier-prod"],
    );
  });

  it("share one repository, whose rules one of them makes", () => {
    assert.deepEqual(
      both.map(({ repository, singletons }) => [repository.name, singletons]),
      [
        ["plant-classifier", "elsewhere"],
        ["plant-classifier", "here"],
      ],
    );
  });

  it("protect production and let staging go", () => {
    assert.deepEqual(
      both.map(({ protect }) => protect),
      [false, true],
    );
  });
});
