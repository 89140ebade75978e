import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { retirementWarning } from "../../../delivery/retirement.ts";

describe("a warning about a VM size", () => {
  const key = "ml-delivery:cluster.vmSize";
  const today = new Date("2026-11-24T12:00:00Z");

  it("names day and replacement of a retired size", () => {
    assert.equal(
      retirementWarning(key, "Standard_NC6s_v3", today),
      "Azure retired Standard_NC6s_v3 on 2025-09-30: new nodes will fail. Set ml-delivery:cluster.vmSize to Standard_NC4as_T4_v3.",
    );
  });

  it("names day and replacement of a size that goes later", () => {
    assert.equal(
      retirementWarning(key, "Standard_DS3_v2", today),
      "Azure retires Standard_DS3_v2 on 2028-05-01. Set ml-delivery:cluster.vmSize to Standard_D4as_v4.",
    );
  });

  it("changes its words the day after", () => {
    const on = (day: string) => retirementWarning(key, "Standard_NC6s_v3", new Date(`${day}T00:00:00Z`));
    assert.match(String(on("2025-09-30")), /^Azure retires /);
    assert.match(String(on("2025-10-01")), /^Azure retired /);
  });

  for (const size of [
    "Standard_NC24rs_v3",
    "Standard_NV12s_v3",
    "Standard_NV4as_v4",
    "Standard_F4s_v2",
    "Standard_A2m_v2",
  ]) {
    it(`is given for ${size}`, () => assert.notEqual(retirementWarning(key, size, today), undefined));
  }
  for (const size of ["Standard_NC4as_T4_v3", "Standard_NC24ads_A100_v4", "Standard_D4as_v4", "Standard_B2s_v2"]) {
    it(`is not given for ${size}`, () => assert.equal(retirementWarning(key, size, today), undefined));
  }
});
