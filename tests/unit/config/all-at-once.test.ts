import assert from "node:assert/strict";
import { it } from "node:test";
import { checkConfig, shape } from "../../../config.ts";
import { describe, type Form, formOf } from "../../../delivery/shape.ts";
import { stackConfig } from "../../components/mocks.ts";

function problems(change: (values: Record<string, unknown>) => void): string[] {
  const values = structuredClone(stackConfig("staging"));
  change(values);
  return checkConfig(values, "staging")[1].map(describe);
}

/** Every object in the config's shape, by the path to it. Maps and lists get one entry. */
function objects(form: Form, path: readonly string[]): (readonly string[])[] {
  if (form.kind === "list") return objects(form.item, [...path, "0"]);
  if (form.kind === "map") return objects(form.item, [...path, "some-name"]);
  if (form.kind !== "object") return [];
  return [path, ...Object.entries(form.fields).flatMap(([name, field]) => objects(field, [...path, name]))];
}

const all = Object.entries(shape).flatMap(([key, field]) => objects(formOf(field, key), [`ml-delivery:${key}`]));

it("CFG-11 an unknown key is refused at every depth", () => {
  assert.ok(all.length > 15, `only ${all.length} objects`);
  for (const path of all) {
    const said = problems((values) => {
      let place = values;
      for (const name of path) {
        place[name] = typeof place[name] === "object" && place[name] !== null ? place[name] : {};
        place = place[name] as Record<string, unknown>;
      }
      place["unheardOf"] = 1;
    });
    const expected = new RegExp(`^${path.join("\\.").replace(".0", "\\[0\\]")}\\.unheardOf is 1; allowed: only `);
    assert.ok(
      said.some((line) => expected.test(line)),
      `${path.join(".")}: ${said.join("\n")}`,
    );
  }
});

it("what is wrong by itself and what is wrong together is told at once", () => {
  const said = problems((values) => {
    values["ml-delivery:cluster"] = { vmSize: "Standard_NC4as_T4_v3", minNodes: 5, maxNodes: 4, idleMinutes: 10 };
    values["ml-delivery:rollout"] = { steps: [50, 10], bakeMinutes: 10, keepPrevious: 1 };
    values["ml-delivery:singletons"] = "her";
    values["ml-delivery:trafic"] = {};
    values["aws:region"] = "nowhere";
  });
  assert.deepEqual(
    said.map((line) => line.split(" is ")[0]),
    [
      "ml-delivery:trafic",
      "ml-delivery:singletons",
      "aws:region",
      "ml-delivery:cluster.minNodes",
      "ml-delivery:rollout.steps",
    ],
  );
});

it("what is read together is not judged where a part of it is wrong", () => {
  const said = problems((values) => {
    values["ml-delivery:cluster"] = { vmSize: "Standard_NC4as_T4_v3", minNodes: "5", maxNodes: 4, idleMinutes: 10 };
  });
  assert.deepEqual(said, [
    'ml-delivery:cluster.minNodes is "5"; allowed: a whole number from 0 to 100; write it without quotes',
  ]);
});
