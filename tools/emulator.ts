/** `npm run emulator -- start | status | stop | token`: sets up what is missing, then the emulator's own commands. */
import { join } from "node:path";
import { projectRoot } from "./places.ts";
import { prepareOrExit } from "./setup.ts";
import { enterSurroundings } from "./surroundings.ts";

await prepareOrExit();
enterSurroundings(join(projectRoot, ".rehearsal"));
await import("../emulator/cli.ts");
