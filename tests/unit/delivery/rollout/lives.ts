import fc from "fast-check";
import type { Command, Fault } from "./world.ts";

/** Random lives of an endpoint: for the model of it in {@link World}, and for the engine itself. */

export const model = fc.integer({ min: 1, max: 6 });
export const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("deploy" as const),
      model,
      share: fc.constantFrom(0, 1, 10, 25, 50, 99, 100),
      restart: fc.boolean(),
      keep: fc.integer({ min: 0, max: 2 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("promote" as const),
      verdict: fc.constantFrom(
        "pass" as const,
        "pass" as const,
        "fail" as const,
        "inconclusive" as const,
        "unreachable" as const,
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("to" as const), share: fc.integer({ min: 1, max: 100 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "abort" } as const) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("mirror" as const), model, share: fc.integer({ min: 1, max: 50 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("rollback" as const), to: fc.option(model, { nil: undefined, freq: 4 }) }),
  },
);
/** What people do past the commands. */
export const byHand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("edit" as const), share: fc.integer({ min: 0, max: 100 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("bad edit" as const),
      fault: fc.constantFrom("sum" as const, "stranger" as const, "removal" as const, "gate" as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "ungated" } as const) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("drift" as const), share: fc.integer({ min: 0, max: 100 }) }) },
);

const fault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 3, arbitrary: fc.constant("none" as const) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Fault>(
      "locked",
      "create fails",
      "traffic fails",
      "removal fails",
      "killed after edit",
      "killed after traffic",
      "killed before record",
    ),
  },
);
/** Commands and what befalls them. */
export const life = fc.array(fc.tuple(command, fault), { minLength: 1, maxLength: 25 });

/** The same, with people who edit the stack file and move traffic by hand. */
export const busyLife = fc.array(
  fc.tuple(fc.oneof({ weight: 3, arbitrary: command }, { weight: 1, arbitrary: byHand }), fault),
  {
    minLength: 1,
    maxLength: 25,
  },
);
