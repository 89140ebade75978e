import { isExecutable } from "../../tools/setup/commands.ts";
import { type Judge, judgeFile, whyMissing } from "../../tools/setup/judges.ts";

/** An outside tool as a test needs it. */
export interface FoundJudge {
  /** Its executable. */
  readonly file: string;
  /** Why tests of it are skipped; false where it is there. */
  readonly skip: string | false;
}

/** Where set-up has put a judge. Tests pass `skip` on, so that a machine that cannot have it says so in the total. */
export function judge(name: Judge): FoundJudge {
  const file = judgeFile(name);
  return { file, skip: isExecutable(file) ? false : `${name} is not there: ${whyMissing(name)}` };
}
