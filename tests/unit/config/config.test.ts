import assert from "node:assert/strict";
import { describe as group, it } from "node:test";
import { refuse } from "../../../config.ts";
import { problemsAfter } from "./problems.ts";

const GATE_KEYS =
  "minAccuracy, maxLatencyMs, maxModelSizeMb, decideOn, minSamples, minClassSamples, minClassRecall, golden, loadMemoryMb, loadSeconds";

const version = "3f2a9c01d4e5b678";
const address = `s3://plant-phenotyping-staging-models/models/${version}/`;

/** The same with parts of the endpoint replaced. */
function problemsOfEndpoint(parts: Record<string, unknown>): string[] {
  return problemsAfter((values) => Object.assign(values["ml-delivery:endpoint"] as object, parts));
}

const two = { "m-a1b": { model: address, instances: 1 }, "m-c2d": { model: address, instances: 1 } };

group("traffic", () => {
  const sound: [string, unknown, unknown?][] = [
    ["all to one", { "m-a1b": 100 }],
    ["90 to 10", { "m-a1b": 90, "m-c2d": 10 }],
    ["a zero written out", { "m-a1b": 100, "m-c2d": 0 }],
    ["a mirror to a deployment without traffic", { "m-a1b": 100 }, { "m-c2d": 50 }],
  ];
  for (const [name, traffic, mirror = {}] of sound) {
    it(`is taken: ${name}`, () => {
      assert.deepEqual(problemsOfEndpoint({ deployments: two, traffic, mirror }), []);
    });
  }

  it("may be missing where nothing is deployed", () => {
    assert.deepEqual(problemsOfEndpoint({ deployments: {}, traffic: undefined, mirror: undefined }), []);
  });

  const key = "ml-delivery:endpoint.traffic";
  const percent = "allowed: a whole number from 0 to 100";
  const refused: [string, unknown, string[]][] = [
    [
      "99 in all",
      { "m-a1b": 90, "m-c2d": 9 },
      [`${key} is {"m-a1b":90,"m-c2d":9}; allowed: whole numbers that add up to exactly 100; they add up to 99: add 1`],
    ],
    [
      "101 in all",
      { "m-a1b": 100, "m-c2d": 1 },
      [
        `${key} is {"m-a1b":100,"m-c2d":1}; allowed: whole numbers that add up to exactly 100; they add up to 101: take away 1`,
      ],
    ],
    [
      "none while something is deployed",
      {},
      [`${key} is {}; allowed: whole numbers that add up to exactly 100; they add up to 0: add 100`],
    ],
    [
      "fractions",
      { "m-a1b": 66.7, "m-c2d": 33.3 },
      [`${key}.m-a1b is 66.7; ${percent}; change it`, `${key}.m-c2d is 33.3; ${percent}; change it`],
    ],
    ["NaN", { "m-a1b": Number.NaN }, [`${key}.m-a1b is NaN; ${percent}; change it`]],
    ["infinity", { "m-a1b": Number.POSITIVE_INFINITY }, [`${key}.m-a1b is Infinity; ${percent}; change it`]],
    [
      "less than nothing",
      { "m-a1b": 110, "m-c2d": -10 },
      [`${key}.m-a1b is 110; ${percent}; change it`, `${key}.m-c2d is -10; ${percent}; change it`],
    ],
    ["a text", { "m-a1b": "100" }, [`${key}.m-a1b is "100"; ${percent}; write it without quotes`]],
    ["a percent sign", { "m-a1b": "100%" }, [`${key}.m-a1b is "100%"; ${percent}; change it`]],
    ["nothing", { "m-a1b": null }, [`${key}.m-a1b is null; ${percent}; change it`]],
    ["true", { "m-a1b": true }, [`${key}.m-a1b is true; ${percent}; change it`]],
    [
      "a deployment that is not configured",
      { "m-a1b": 90, "m-zzz": 10 },
      [
        `${key}.m-zzz is 10; allowed: a configured deployment (m-a1b, m-c2d); add m-zzz to the deployments or remove it here`,
      ],
    ],
    ["a list", [100], [`${key} is [100]; allowed: percent by deployment; write { name: percent }, {} for none`]],
    ["a number", 100, [`${key} is 100; allowed: percent by deployment; write { name: percent }, {} for none`]],
  ];
  for (const [name, traffic, problems] of refused) {
    it(`is refused: ${name}`, () => {
      assert.deepEqual(problemsOfEndpoint({ deployments: two, traffic }), problems);
    });
  }

  it("is refused where nothing is deployed", () => {
    assert.deepEqual(problemsOfEndpoint({ deployments: {}, traffic: { "m-a1b": 100 } }), [
      `${key}.m-a1b is 100; allowed: nothing: no deployment is configured; add m-a1b to the deployments or remove it here`,
    ]);
  });
});

group("mirror", () => {
  const key = "ml-delivery:endpoint.mirror";
  const refused: [string, unknown, string[]][] = [
    ["over half", { "m-c2d": 51 }, [`${key}.m-c2d is 51; allowed: a whole number from 0 to 50; change it`]],
    [
      "a deployment with traffic",
      { "m-a1b": 10 },
      [`${key}.m-a1b is 10; allowed: a deployment without live traffic; remove it, or traffic.m-a1b`],
    ],
    [
      "a deployment that is not configured",
      { "m-zzz": 10 },
      [
        `${key}.m-zzz is 10; allowed: a configured deployment (m-a1b, m-c2d, m-e3f); add m-zzz to the deployments or remove it here`,
      ],
    ],
    [
      "two deployments",
      { "m-c2d": 10, "m-e3f": 10 },
      [`${key} is {"m-c2d":10,"m-e3f":10}; allowed: one deployment; keep one of them`],
    ],
  ];
  for (const [name, mirror, problems] of refused) {
    it(`is refused: ${name}`, () => {
      const deployments = { ...two, "m-e3f": { model: address, instances: 1 } };
      assert.deepEqual(problemsOfEndpoint({ deployments, traffic: { "m-a1b": 100 }, mirror }), problems);
    });
  }
});

group("names of endpoints and deployments", () => {
  const allowed = "3 to 32 letters, digits and single dashes, a letter first, no dash last";
  for (const name of ["abc", "m-3f2a9c01", "Plant-1", "a".repeat(32)]) {
    it(`may be ${name}`, () => assert.deepEqual(problemsOfEndpoint({ name }), []));
  }
  for (const name of ["ab", "a".repeat(33), "1abc", "-abc", "abc-", "a--b", "a_b", "a.b", "a b", "", "é-abc"]) {
    it(`may not be ${JSON.stringify(name)}`, () => {
      assert.deepEqual(problemsOfEndpoint({ name }), [
        `ml-delivery:endpoint.name is ${JSON.stringify(name)}; allowed: ${allowed}; change it`,
      ]);
    });
  }

  it("hold for deployments too", () => {
    assert.deepEqual(problemsOfEndpoint({ deployments: { "9x": { model: address, instances: 1 } } }), [
      `ml-delivery:endpoint.deployments: the name is "9x"; allowed: ${allowed}; change it`,
    ]);
  });
});

group("unknown keys", () => {
  it("are refused with the nearest known one", () => {
    const problems = problemsAfter((values) => {
      values["ml-delivery:clutser"] = {};
    });
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? "", /^ml-delivery:clutser is \{\}; allowed: .*; did you mean ml-delivery:cluster\?$/);
  });

  it("are refused inside objects", () => {
    assert.deepEqual(
      problemsAfter((values) => {
        values["ml-delivery:gate"] = { minAccurcy: 0.9, maxLatencyMs: 100, maxModelSizeMb: 500 };
      }),
      [
        `ml-delivery:gate.minAccurcy is 0.9; allowed: only ${GATE_KEYS}; did you mean ml-delivery:gate.minAccuracy?`,
        "ml-delivery:gate.minAccuracy is missing; allowed: a number from 0 to 1; add it",
      ],
    );
  });

  it("are refused inside deployments", () => {
    const deployments = { "m-a1b": { model: address, instances: 1, instanceCount: 3 } };
    assert.deepEqual(problemsOfEndpoint({ deployments, traffic: { "m-a1b": 100 } }), [
      "ml-delivery:endpoint.deployments.m-a1b.instanceCount is 3; allowed: only model, instances, image, instanceType; remove it",
    ]);
  });

  it("of other providers are theirs to judge", () => {
    assert.deepEqual(
      problemsAfter((values) => {
        values["aws:maxRetries"] = "3";
      }),
      [],
    );
  });
});

group("single values", () => {
  const set = (key: string, value: unknown) => (values: Record<string, unknown>) => {
    values[key] = value;
  };
  const cluster = { vmSize: "Standard_NC4as_T4_v3", minNodes: 0, maxNodes: 4, idleMinutes: 10 };
  const images = { scoring: "ghcr.io/o/scoring:1.0.0", training: "ghcr.io/o/training:1.0.0" };
  const pinned =
    "allowed: a container image with a version or a digest, not latest; pin it, as ghcr.io/owner/image:1.0.0";
  const cases: [string, (values: Record<string, unknown>) => void, string[]][] = [
    [
      "a bucket's worth of project name",
      set("ml-delivery:project", "Plant_Phenotyping"),
      [
        'ml-delivery:project is "Plant_Phenotyping"; allowed: 3 to 24 lower-case letters, digits and single dashes, a letter first, no dash last; change it',
      ],
    ],
    [
      "a number in quotes",
      set("ml-delivery:cluster", { ...cluster, maxNodes: "4" }),
      ['ml-delivery:cluster.maxNodes is "4"; allowed: a whole number from 1 to 100; write it without quotes'],
    ],
    [
      "more nodes at rest than at most",
      set("ml-delivery:cluster", { ...cluster, minNodes: 5 }),
      ["ml-delivery:cluster.minNodes is 5; allowed: at most maxNodes, 4; lower it or raise maxNodes"],
    ],
    [
      "an accuracy in percent",
      set("ml-delivery:gate", { minAccuracy: 85, maxLatencyMs: 100, maxModelSizeMb: 500 }),
      ["ml-delivery:gate.minAccuracy is 85; allowed: a number from 0 to 1; change it"],
    ],
    [
      "a text where an object belongs",
      set("ml-delivery:gate", "strict"),
      [`ml-delivery:gate is "strict"; allowed: an object with ${GATE_KEYS}; write it so`],
    ],
    [
      "a flag as text",
      set("ml-delivery:protect", "no"),
      ['ml-delivery:protect is "no"; allowed: true or false; write it without quotes'],
    ],
    [
      "an image without version",
      set("ml-delivery:images", { ...images, scoring: "ghcr.io/o/scoring" }),
      [`ml-delivery:images.scoring is "ghcr.io/o/scoring"; ${pinned}`],
    ],
    [
      "the latest image",
      set("ml-delivery:images", { ...images, training: "ghcr.io/o/training:latest" }),
      [`ml-delivery:images.training is "ghcr.io/o/training:latest"; ${pinned}`],
    ],
    [
      "a rollout that stops half-way",
      set("ml-delivery:rollout", { steps: [10, 50], bakeMinutes: 10, keepPrevious: 1 }),
      ["ml-delivery:rollout.steps is [10,50]; allowed: rising percentages that end in 100; as [10, 25, 50, 100]"],
    ],
    [
      "a rollout that goes back and forth",
      set("ml-delivery:rollout", { steps: [50, 10, 100], bakeMinutes: 10, keepPrevious: 1 }),
      ["ml-delivery:rollout.steps is [50,10,100]; allowed: rising percentages that end in 100; as [10, 25, 50, 100]"],
    ],
    [
      "a missing location",
      set("azure-native:location", undefined),
      ["azure-native:location is missing; allowed: an Azure location in its short form, as eastus; add it"],
    ],
  ];
  for (const [name, change, problems] of cases) {
    it(`are refused: ${name}`, () => assert.deepEqual(problemsAfter(change), problems));
  }

  it("are refused with the nearest choice", () => {
    assert.deepEqual(problemsOfEndpoint({ authMode: "AADTokn" }), [
      'ml-delivery:endpoint.authMode is "AADTokn"; allowed: Key, AMLToken, AADToken; did you mean AADToken?',
    ]);
  });

  it("may be an image by digest", () => {
    const scoring = `ghcr.io/o/scoring@sha256:${"a".repeat(64)}`;
    assert.deepEqual(problemsAfter(set("ml-delivery:images", { ...images, scoring })), []);
  });
});

group("a model", () => {
  const allowed = "a model package of this environment, s3://<project>-<stack>-models/models/<version>/";
  for (const model of ["s3://b/models/latest/", "models/x", `s3://b/models/${version}`, "", 7]) {
    it(`is refused: ${JSON.stringify(model)}`, () => {
      const deployments = { "m-a1b": { model, instances: 1 } };
      assert.deepEqual(problemsOfEndpoint({ deployments, traffic: { "m-a1b": 100 } }), [
        `ml-delivery:endpoint.deployments.m-a1b.model is ${JSON.stringify(model)}; allowed: ${allowed}; let \`deploy\` write it`,
      ]);
    });
  }

  it("of another environment's bucket is refused", () => {
    const model = `s3://plant-phenotyping-production-models/models/${version}/`;
    const deployments = { "m-a1b": { model, instances: 1 } };
    assert.deepEqual(problemsOfEndpoint({ deployments, traffic: { "m-a1b": 100 } }), [
      `ml-delivery:endpoint.deployments.m-a1b.model is "${model}"; allowed: a package in s3://plant-phenotyping-staging-models/; let \`deploy\` copy it there`,
    ]);
  });
});

group("the repository", () => {
  const of = (parts: Record<string, unknown>) =>
    problemsAfter((values) => Object.assign(values["ml-delivery:repository"] as object, parts));

  it("takes what GitHub takes", () => {
    const parts = {
      waitMinutes: 30,
      branches: ["main", "release/*"],
      requiredReviews: 2,
      requiredChecks: ["Test (ubuntu, 24)"],
      linearHistory: false,
      codeOwners: ["@octocat", "@example-org/ml.platform"],
      allowedActions: ["octo-org/*@*", "github/codeql-action/init@v3"],
      releaser: 123456,
      ci: "github",
    };
    assert.deepEqual(of(parts), []);
  });

  const refused: [string, Record<string, unknown>, RegExp][] = [
    ["more than 30 days of waiting", { waitMinutes: 43_201 }, /waitMinutes is 43201; allowed: .* from 0 to 43200;/],
    [
      "a branch that git cannot name",
      { branches: ["a..b"] },
      /branches\[0\] is "a\.\.b"; allowed: the name of a branch/,
    ],
    ["eleven reviews", { requiredReviews: 11 }, /requiredReviews is 11; allowed: a whole number from 0 to 10;/],
    ["an empty check", { requiredChecks: [""] }, /requiredChecks\[0\] is ""; allowed: the name of a check/],
    ["an owner without @", { codeOwners: ["octocat"] }, /codeOwners\[0\] is "octocat"; .* write it with its @/],
    [
      "an action without a version",
      { allowedActions: ["a/b"] },
      /allowedActions\[0\] is "a\/b"; allowed: .* owner\/name@\*/,
    ],
    ["a releaser by name", { releaser: "bot" }, /releaser is "bot"; allowed: a whole number/],
    ["a CI system that is not rendered", { ci: "travis" }, /repository\.ci is "travis"; allowed: github/],
  ];
  for (const [name, parts, words] of refused) {
    it(`is refused: ${name}`, () => {
      const problems = of(parts);
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? "", words);
    });
  }
});

group("all problems", () => {
  it("are reported at once", () => {
    const problems = problemsAfter((values) => {
      values["ml-delivery:project"] = "P";
      values["aws:region"] = "Virginia";
      Object.assign(values["ml-delivery:endpoint"] as object, { name: "x", authMode: "None" });
    }, "Stage");
    assert.deepEqual(
      problems.map((problem) => problem.split(" is ")[0]),
      [
        "the stack's name",
        "ml-delivery:project",
        "ml-delivery:endpoint.name",
        "ml-delivery:endpoint.authMode",
        "aws:region",
      ],
    );
  });

  it("end the program in one message", () => {
    assert.throws(() => refuse(["a is 1", "b is 2"], "Cannot be used."), {
      name: "Error",
      message: "Cannot be used.\n  - a is 1\n  - b is 2",
    });
    refuse([], "Cannot be used.");
  });
});
