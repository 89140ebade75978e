import assert from "node:assert/strict";
import { describe as group, it } from "node:test";
import fc from "fast-check";
import { azureNames, bucketName } from "../../../components/names.ts";
import { checkRemovals } from "../../../components/traffic-guards.ts";
import { checkConfig } from "../../../config.ts";
import { describe } from "../../../delivery/shape.ts";
import { parseStackFile } from "../../../delivery/stack-file.ts";
import { stackConfig } from "../../components/mocks.ts";

/** The stack file's dangers, each by its id. Those that only an engine shows are in tests/engine/faults. */

const model = "s3://plant-phenotyping-staging-models/models/3f2a9c01d4e5b678/";
const two = { green: { model, instances: 1 }, blue: { model, instances: 1 } };

function problems(parts: Record<string, unknown>): string[] {
  const values = structuredClone(stackConfig("staging"));
  Object.assign(values["ml-delivery:endpoint"] as object, { deployments: two, ...parts });
  return checkConfig(values, "staging")[1].map(describe);
}

group("CFG-01 traffic is whole numbers that add up to 100", () => {
  const cases: [string, unknown, unknown, RegExp][] = [
    ["99", 90, 9, /traffic is .*; they add up to 99: add 1$/],
    ["101", 90, 11, /traffic is .*; they add up to 101: take away 1$/],
    ["a little more than 100", 90, 10.0001, /traffic\.blue is 10\.0001; allowed: a whole number from 0 to 100/],
    ["less than nothing", 110, -10, /traffic\.green is 110; .*\n.*traffic\.blue is -10;/],
    ["thirds", 66.7, 33.3, /traffic\.green is 66\.7; .*\n.*traffic\.blue is 33\.3;/],
    ["not a number", 90, Number.NaN, /traffic\.blue is NaN;/],
    ...["10", "1e1", "0x0A", ""].map((text): [string, unknown, unknown, RegExp] => [
      `the text ${JSON.stringify(text)}`,
      90,
      text,
      new RegExp(`traffic\\.blue is ${JSON.stringify(text)}; allowed: a whole number from 0 to 100`),
    ]),
  ];
  for (const [what, green, blue, message] of cases) {
    it(`CFG-01 refuses ${what}`, () => assert.match(problems({ traffic: { green, blue } }).join("\n"), message));
  }

  it("CFG-01 takes 0 only where nothing is deployed", () => {
    assert.deepEqual(problems({ deployments: {}, traffic: {} }), []);
    assert.match(problems({ traffic: { green: 0, blue: 0 } }).join("\n"), /they add up to 0: add 100$/);
  });

  it("CFG-01 takes exactly the pairs of whole numbers that add up to 100", () => {
    const share = fc.oneof(fc.integer({ min: -5, max: 105 }), fc.double(), fc.constantFrom("10", "", null, true));
    fc.assert(
      fc.property(share, share, (green, blue) => {
        const whole = [green, blue].every((one) => typeof one === "number" && Number.isInteger(one) && one >= 0);
        const sound = whole && Number(green) + Number(blue) === 100;
        return (problems({ traffic: { green, blue } }).length === 0) === sound;
      }),
      { numRuns: 300 },
    );
  });
});

group("CFG-02 deployments with traffic", () => {
  it("CFG-02 refuses traffic of an unknown deployment", () => {
    assert.match(
      problems({ traffic: { green: 90, red: 10 } }).join("\n"),
      /traffic\.red is 10; allowed: a configured deployment/,
    );
  });

  it("CFG-02 refuses to take one with traffic from the list", () => {
    const state = { endpointId: "/e", mirror: {}, settings: {}, keepPrevious: 0 };
    const old = { ...state, models: { green: "1", blue: "2" }, traffic: { green: 10, blue: 90 } };
    const next = { ...state, models: { blue: "2" }, traffic: { blue: 100 } };
    assert.match(checkRemovals(old, next).map(describe).join("\n"), /green has 10 % of the requests/);
  });
});

group("CFG-04 names", () => {
  const bad = ["", "ab", "a".repeat(33), "1ab", "-ab", "ab-", "a--b", "a_b", "аbc", "../x", "a b", "a.b"];
  for (const name of bad) {
    it(`CFG-04 refuses ${JSON.stringify(name)} for endpoints and deployments`, () => {
      assert.match(
        problems({ name, traffic: { green: 100 } }).join("\n"),
        /endpoint\.name is .*; allowed: 3 to 32 letters/,
      );
      const deployments = { [name]: { model, instances: 1 } };
      assert.match(
        problems({ deployments, traffic: { [name]: 100 } }).join("\n"),
        /the name is .*; allowed: 3 to 32 letters/,
      );
    });
  }

  it("CFG-04 takes exactly what Azure's rule takes", () => {
    const letters = fc.constantFrom(..."abzAZ019-_.é ");
    fc.assert(
      fc.property(fc.string({ unit: letters, maxLength: 34 }), (name) => {
        const rule = name.length >= 3 && name.length <= 32 && /^[a-zA-Z]/.test(name) && /^[a-zA-Z0-9-]*$/.test(name);
        const sound = rule && !name.includes("--") && !name.endsWith("-");
        return (problems({ name, traffic: { green: 100 } }).length === 0) === sound;
      }),
      { numRuns: 500 },
    );
  });

  it("CFG-04 makes names that S3, storage accounts and vaults take, of every project and stack", () => {
    const word = (max: number) =>
      fc
        .string({ unit: fc.constantFrom(..."abz09-"), minLength: 3, maxLength: max })
        .filter((name) => /^[a-z](-?[a-z0-9])*$/.test(name));
    fc.assert(
      fc.property(word(24), word(16), (project, stack) => {
        const names = azureNames({ project, stack });
        assert.match(names.storageAccount, /^[a-z0-9]{3,24}$/);
        assert.match(names.vault, /^(?=.{3,24}$)[a-z](-?[a-z0-9])*$/);
        for (const purpose of ["data", "models"] as const) {
          assert.match(bucketName({ project, stack }, purpose), /^(?=.{3,63}$)[a-z0-9][a-z0-9-]*[a-z0-9]$/);
        }
      }),
      { numRuns: 300 },
    );
  });
});

group("CFG-05 mirror", () => {
  const three = { ...two, red: { model, instances: 1 } };
  const cases: [string, unknown, RegExp][] = [
    ["more than half", { blue: 51 }, /mirror\.blue is 51; allowed: a whole number from 0 to 50/],
    ["two", { blue: 10, red: 10 }, /mirror is .*; allowed: one deployment/],
    ["a live one", { green: 10 }, /mirror\.green is 10; allowed: a deployment without live traffic/],
  ];
  for (const [what, mirror, message] of cases) {
    it(`CFG-05 refuses ${what}`, () => {
      assert.match(problems({ deployments: three, traffic: { green: 100 }, mirror }).join("\n"), message);
    });
  }
});

group("CFG-04 images of the scoring server", () => {
  const deployments = (image: string) => ({ ...two, green: { model, instances: 1, image } });
  const traffic = { green: 100 };
  it("lets a deployment keep another image than the stack's", () => {
    const kept = deployments("ghcr.io/example-org/plant-scoring:0.0.1");
    assert.deepEqual(problems({ deployments: kept, traffic }), []);
  });
  it("CFG-04 refuses two images of one version, which Azure ML could not tell apart", () => {
    const { scoring } = stackConfig("staging")["ml-delivery:images"] as { scoring: string };
    const version = scoring.split(":").at(-1);
    const found = problems({ deployments: deployments(`ghcr.io/other/scoring:${version}`), traffic }).join("\n");
    assert.match(
      found,
      /deployments is "ghcr\.io\/other\/scoring:.*an image with a version of its own: .* too; tag it anew/,
    );
  });
});

group("CFG-07 a canary that nothing watches", () => {
  const off = {
    failures: { mode: "off" },
    latency: { average: "off", p50: "dry-run", p90: "off", p95: "off", p99: "off" },
  };
  const cases: [string, string, unknown, RegExp][] = [
    ["no critical metric", "canary", off, /canary is .*; allowed: at least one critical metric/],
    ["a window of no minutes", "canary", { minMinutes: 0 }, /canary\.minMinutes is 0; allowed: a whole number from 1/],
    [
      "a verdict on no requests",
      "canary",
      { minRequests: 0 },
      /canary\.minRequests is 0; allowed: a whole number from 1/,
    ],
    [
      "a bake of no minutes",
      "rollout",
      { steps: [10, 100], bakeMinutes: 0, keepPrevious: 1 },
      /rollout\.bakeMinutes is 0; allowed: a number from 1 to 1440/,
    ],
  ];
  for (const [what, key, value, message] of cases) {
    it(`CFG-07 refuses ${what}`, () => {
      const values = { ...stackConfig("staging"), [`ml-delivery:${key}`]: value };
      assert.match(checkConfig(values, "staging")[1].map(describe).join("\n"), message);
    });
  }
  it("lets a canary be judged by one metric", () => {
    const values = { ...stackConfig("staging"), "ml-delivery:canary": { ...off, failures: { mode: "critical" } } };
    assert.deepEqual(checkConfig(values, "staging")[1], []);
  });
});

group("CFG-11 unknown keys", () => {
  it("CFG-11 refuses `trafic`, and knows what was meant", () => {
    assert.match(
      problems({ traffic: { green: 100 }, trafic: { green: 100 } }).join("\n"),
      /endpoint\.trafic is .*; did you mean ml-delivery:endpoint\.traffic\?/,
    );
  });
});

group("CFG-12 what YAML makes of things", () => {
  const file = (value: string) => `config:\n  ml-delivery:endpoint:\n    traffic: { green: ${value}, blue: 90 }\n`;
  it("CFG-12 refuses keys given twice, as commands read them", () => {
    assert.throws(
      () => parseStackFile("config:\n  a: 1\n  a: 2\n", "Pulumi.x.yaml"),
      /cannot be edited: Map keys must be unique/,
    );
  });

  for (const [value, read] of [
    ["no", "no"],
    ["1_0", "1_0"],
    ["0o12", 10],
    ["010", 10],
  ] as const) {
    it(`CFG-12 reads ${value} as ${JSON.stringify(read)}, which is a share or refused`, () => {
      const { document } = parseStackFile(file(value), "Pulumi.x.yaml");
      const blue = document.getIn(["config", "ml-delivery:endpoint", "traffic", "green"]);
      assert.equal(blue, read);
      const refused = problems({ traffic: { green: blue, blue: 90 } });
      assert.equal(refused.length === 0, read === 10, refused.join("\n"));
    });
  }
});
