// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are expressions of Azure ML
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { durationMs } from "../../../../emulator/azure/duration.ts";
import { imageEntry, imageRepository } from "../../../../emulator/azure/images.ts";
import { bindCommand } from "../../../../emulator/azure/ml/job-spec.ts";
import { checkOnlineName } from "../../../../emulator/azure/ml/names.ts";
import { trafficProblem } from "../../../../emulator/azure/ml/traffic.ts";

describe("traffic of an online endpoint", () => {
  const CASES: readonly [Record<string, number>, Record<string, number>, RegExp | undefined][] = [
    [{}, {}, undefined],
    [{ a: 100 }, {}, undefined],
    [{ a: 90, b: 10 }, {}, undefined],
    [{ a: 0, b: 0 }, {}, undefined],
    [{ a: 100 }, { b: 50 }, undefined],
    [{ a: 100, b: 0 }, { b: 10, a: 0 }, undefined],
    [{ a: 99 }, {}, /sum of traffic is 99: it must be 0 or 100/],
    [{ a: 66.7, b: 33.3 }, {}, /traffic of deployment 'a' is 66\.7: an integer/],
    [{ a: 110, b: -10 }, {}, /'a' is 110/],
    [{ c: 100 }, {}, /names deployment 'c', which does not exist\. There is a, b\./],
    [{ a: 100 }, { b: 51 }, /at most 50/],
    [{ a: 100 }, { a: 10 }, /'a' has traffic and mirrorTraffic/],
    [{}, { a: 10, b: 10 }, /goes to 'a' and 'b': one deployment is allowed/],
  ];
  for (const [traffic, mirrorTraffic, problem] of CASES) {
    it(`${JSON.stringify(traffic)} mirrored ${JSON.stringify(mirrorTraffic)} is ${problem === undefined ? "fine" : "refused"}`, () => {
      const found = trafficProblem({ traffic, mirrorTraffic, deployments: ["a", "b"] });
      if (problem === undefined) assert.equal(found, undefined);
      else assert.match(found ?? "", problem);
    });
  }
});

describe("the name of an endpoint or a deployment", () => {
  for (const name of ["abc", "m-3f2a9c01", "A1b", "a".repeat(32)])
    it(`may be ${name}`, () => checkOnlineName("endpoint", name));
  for (const name of ["ab", "1abc", "abc-", "a--b", "a_b", "a".repeat(33), ""]) {
    it(`may not be '${name}'`, () =>
      assert.throws(() => checkOnlineName("deployment", name), /3 to 32 letters, digits and single hyphens/));
  }
});

describe("an ISO 8601 duration", () => {
  const CASES: readonly [string, number | undefined][] = [
    ["PT5S", 5000],
    ["PT1M30S", 90_000],
    ["PT0.5S", 500],
    ["P1DT1H", 90_000_000],
    ["P", undefined],
    ["PT", undefined],
    ["5S", undefined],
    ["P1M", undefined],
  ];
  for (const [text, ms] of CASES) it(`${text} is ${ms}`, () => assert.equal(durationMs(text), ms));
});

describe("an image", () => {
  const CASES: readonly [string, string][] = [
    ["ml-delivery/scoring", "ml-delivery/scoring"],
    ["ml-delivery/scoring:1.0", "ml-delivery/scoring"],
    ["registry.example/ml-delivery/scoring@sha256:00", "ml-delivery/scoring"],
    ["localhost/ml-delivery/scoring:1@sha256:00", "ml-delivery/scoring"],
    ["host:5000/ml-delivery/scoring:1", "ml-delivery/scoring"],
    ["scoring:1", "scoring"],
  ];
  for (const [image, repository] of CASES)
    it(`${image} is of ${repository}`, () => assert.equal(imageRepository(image), repository));

  it("that is not listed is refused by name", () => {
    const images = { "team/app": { command: null, about: "" } };
    assert.throws(() => imageEntry(images, "x.example/other:1"), /lists no 'other'\. Listed are team\/app/);
    assert.equal(imageEntry(images, "x.example/team/app:1"), images["team/app"]);
  });
});

describe("a job's command", () => {
  const bindings = { inputs: { data: "/in", word: "$(rm)" }, outputs: { model: "/out" } };

  it("gets its inputs and outputs, each as often as it is named", () => {
    assert.equal(
      bindCommand("a ${{inputs.data}} ${{ outputs.model }}${{inputs.data}} $HOME", bindings),
      "a /in /out/in $HOME",
    );
  });

  for (const expression of [
    "${{inputs.none}}",
    "${{secrets.key}}",
    "${{inputs.data.x}}",
    "${{}}",
    "${{inputs.toString}}",
  ]) {
    it(`is refused with ${expression}`, () =>
      assert.throws(() => bindCommand(expression, bindings), /bound to nothing\. There is inputs\.data/));
  }
});
