import { z } from "zod";
import { text } from "../body.ts";
import { invalidRequest } from "../errors.ts";
import type { Person } from "../git.ts";
import type { Github } from "../rest.ts";

/** Author or committer of a commit, as a body names them. */
export const person = z.strictObject({ name: text, email: text, date: text.optional() });

/** Whom the body names, else the one that the emulator's token stands for; now, where no date is given. */
export function personOf(github: Github, given: z.infer<typeof person> | undefined): Person {
  const { name, email, date } = given ?? { name: "rehearsal", email: "rehearsal@localhost" };
  if (date !== undefined && Number.isNaN(Date.parse(date))) throw invalidRequest(`"${date}" is not a valid date-time.`);
  return { name, email, date: date ?? github.now() };
}
