import { accessSync, constants, readFileSync, realpathSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/**
 * The Python that has moto: the one that runs `moto_server`, looked for on PATH.
 * @throws Error saying how to install moto when it is not there.
 */
export function findMotoPython(path: string | undefined = process.env["PATH"]): string {
  const command = onPath("moto_server", path);
  const python = command === undefined ? undefined : (interpreterOf(command) ?? besides(command));
  if (python !== undefined) return python;
  const found = command === undefined ? "is not on PATH" : `at \`${command}\` does not say which Python runs it`;
  throw new Error(
    `\`moto_server\` ${found}. Run \`npm start\`, which sets it up, or \`pip install 'moto[server,s3,iam,sts]==5.2.5'\` ` +
      "in a virtual environment and put its bin folder on PATH.",
  );
}

function onPath(command: string, path: string | undefined): string | undefined {
  const folders = (path ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, command)).find(isExecutable);
}

/** pip writes the interpreter into the first line, unless its path is too long for one or has a space. */
function interpreterOf(script: string): string | undefined {
  const first = readFileSync(script, "latin1").split("\n", 1)[0] ?? "";
  const interpreter = first.startsWith("#!") ? first.slice(2).trim() : "";
  return /python[\d.]*$/.test(interpreter) && isExecutable(interpreter) ? interpreter : undefined;
}

function besides(script: string): string | undefined {
  return [dirname(script), dirname(realpathSync(script))]
    .map((folder) => join(folder, "python3"))
    .find((python) => isExecutable(python));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
