import { join } from "node:path";

/** Folder of the stack files as the project comes with them: a team's own say something else, and unit tests run there too. */
export const stackFiles = join(import.meta.dirname, "stacks");
