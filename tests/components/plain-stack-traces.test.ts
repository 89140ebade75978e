import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import "../../components/plain-stack-traces.ts";

const thrown = (error: Error): string[] => error.stack?.split("\n") ?? [];

test("errors keep their message and trace, as Node writes them", () => {
  const [message, first = "", ...others] = thrown(new TypeError("what was wrong"));
  assert.equal(message, "TypeError: what was wrong");
  assert.match(first, /^ {4}at .*plain-stack-traces\.test\.ts:\d+:\d+\)?$/);
  assert.ok(others.length > 2 && others.every((line) => /^ {4}at \S/.test(line)), others.join("\n"));
  const hidden = new Error("without a trace");
  Error.captureStackTrace(hidden, () => undefined);
  assert.deepEqual(thrown(hidden), ["Error: without a trace"]);
});

test("promises of the SDK carry no trace, which nobody asked for", async () => {
  const found: unknown[] = [];
  const { defineProperty } = Object;
  Object.defineProperty = (on, name, property) => {
    if (name === "_debugStackTrace") found.push(property.value);
    return defineProperty(on, name, property);
  };
  try {
    await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) });
    const component = new pulumi.ComponentResource("test:index:Component", "one");
    await new Promise((resolve) => component.urn.apply(resolve));
  } finally {
    Object.defineProperty = defineProperty;
  }
  assert.deepEqual([...new Set(found)], [""]);
});
