import type { Job, Permissions, RunStep } from "../../model.ts";
import { PREPARE } from "./set-up.ts";

/** All that a check of the code may do, so that a stranger's pull request can be checked too. */
export const READ: Permissions = { contents: "read" };

const COVERED = ["components", "delivery", "pipelines", "scripts", "src"];

/** Form and types of the code. */
export const lint: Job = {
  id: "lint",
  name: "Lint and check types",
  stage: "test",
  permissions: READ,
  timeoutMinutes: 15,
  steps: [
    ...PREPARE,
    { name: "Lint", run: ["npx", "biome", "ci", "."] },
    { name: "Check types", run: ["npx", "tsc", "-p", "."] },
  ],
};

/** The tests that need no servers, with the share of lines they reach. */
export const unitTests: Job = {
  id: "unit-tests",
  name: "Test the parts, measure coverage",
  stage: "test",
  permissions: READ,
  timeoutMinutes: 20,
  coverage: "all files[^|]*\\|\\s*(\\d+(?:\\.\\d+)?)",
  steps: [
    ...PREPARE,
    {
      name: "Test with coverage",
      run: [
        "node",
        "--test",
        "--experimental-test-coverage",
        ...COVERED.map((folder) => `--test-coverage-include=${folder}/**`),
        "--test-reporter=spec",
        "--test-reporter-destination=stdout",
        "--test-reporter=lcov",
        "--test-reporter-destination=coverage.lcov",
        "tests/unit/**/*.test.ts",
        "tests/components/**/*.test.ts",
      ],
      artifacts: { name: "coverage", paths: ["coverage.lcov"] },
    },
  ],
};

/** Everything: the engine, the emulator, faults, the rehearsal, and the committed pipelines against these definitions. */
export const allTests: Job = {
  id: "all-tests",
  name: "Test everything",
  stage: "test",
  permissions: READ,
  timeoutMinutes: 60,
  steps: [...PREPARE, { name: "Test", run: ["npm", "test"] }],
};

const AUDITS: readonly RunStep[] = [
  { name: "Look for known faults", run: ["npm", "audit", "--audit-level=high"] },
  { name: "Check the registry's signatures", run: ["npm", "audit", "signatures"] },
];

/** What the dependencies' registry knows about them. */
export const auditDependencies: Job = {
  id: "dependencies",
  name: "Audit the dependencies",
  stage: "test",
  permissions: READ,
  timeoutMinutes: 10,
  steps: [...PREPARE, ...AUDITS],
};
