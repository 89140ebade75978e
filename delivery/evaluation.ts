import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ModelCandidate, readCandidate } from "./candidate.ts";
import { mapConcurrent } from "./concurrency.ts";
import { fingerprint, sha256OfFile } from "./digest.ts";
import { DeliveryError, inputError, messageOf } from "./errors.ts";
import { type Golden, parseGolden } from "./golden.ts";
import { parseLocation } from "./location.ts";
import { GOLDEN_FILE, listedFiles } from "./manifest.ts";
import { CONCURRENCY, download, isHidden, listAll, openFolder, refuseLinks } from "./objects.ts";
import { parseLabels } from "./package.ts";
import { type Prediction, parsePredictions } from "./predictions.ts";
import { runProcess } from "./process.ts";

/** Pictures on this machine. */
export type LocalData = {
  readonly folder: string;
  readonly count: number;
  readonly fingerprint: string;
  /** What the fingerprint was made of: `<class>/<file>`, nothing hidden. */
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
};

/** Runs `work` with a folder of its own, removed afterwards. */
export async function withTemporaryFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "ml-delivery-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Brings a data set to this machine, unless it is here, and says what it is. Hidden files are left out. */
export async function fetchData(path: string, scratch: string, say: (line: string) => void): Promise<LocalData> {
  const source = openFolder(path);
  const objects = (await listAll(source)).filter(({ key }) => !isHidden(key));
  const pictures = objects.filter(({ key }) => key.split("/").length === 2);
  if (pictures.length === 0)
    throw inputError(`no data at \`${path}\`: give a folder with a sub-folder of pictures a class`);
  refuseLinks(pictures);
  let folder = scratch;
  if (source.location.kind === "local") folder = source.location.folder;
  else {
    say(`downloading ${pictures.length} pictures from ${path}`);
    await download(source, pictures, folder);
  }
  const files = await mapConcurrent(pictures, CONCURRENCY, async ({ key }) => {
    return { name: key, sha256: (await sha256OfFile(join(folder, key))).sha256 };
  });
  return { folder, count: files.length, fingerprint: fingerprint(files), files };
}

/** A model on this machine, its bytes checked against its manifest. */
export type LocalModel = ModelCandidate & {
  readonly folder: string;
  readonly labels: readonly string[];
  /** Undefined where training wrote none. */
  readonly golden: Golden | undefined;
};

/** Brings a model to this machine, unless it is here. */
export async function fetchModel(path: string, modelsBucket: string | undefined, scratch: string): Promise<LocalModel> {
  const candidate = await readCandidate(path, modelsBucket);
  const location = parseLocation(candidate.path);
  const listed = listedFiles(candidate.manifest.files);
  let folder = scratch;
  if (location.kind === "local") folder = location.folder;
  else {
    const source = openFolder(location);
    const names = [...listed.map(([name]) => name), "manifest.json"];
    await download(
      source,
      (await listAll(source)).filter(({ key }) => names.includes(key)),
      folder,
    );
  }
  for (const [name, { sha256 }] of listed) {
    if ((await sha256OfFile(join(folder, name))).sha256 !== sha256) {
      throw new DeliveryError("surroundings", `\`${name}\` of \`${candidate.path}\` arrived damaged; try again`);
    }
  }
  const read = (name: string) => readFile(join(folder, name), "utf8");
  const labels = parseLabels(await read("labels.json"), `\`${candidate.path}labels.json\``);
  const golden = candidate.manifest.files[GOLDEN_FILE] && (await read(GOLDEN_FILE));
  return {
    ...candidate,
    folder,
    labels,
    golden: golden === undefined ? undefined : parseGolden(golden, labels, `\`${candidate.path}${GOLDEN_FILE}\``),
  };
}

/**
 * Runs a model's own `evaluate` command on test data and reads its answers.
 *
 * @param command Program and first arguments, separated by spaces; run in the current folder without a shell.
 * @throws DeliveryError of kind `input`: the command failed, or did not answer every picture exactly once.
 */
export async function predict(
  model: LocalModel,
  data: LocalData,
  command: string,
  scratch: string,
  say: (line: string) => void,
): Promise<Prediction[]> {
  const [program, ...args] = command.split(" ").filter(Boolean);
  if (program === undefined) throw inputError("the evaluate command is empty; give one such as `node src/evaluate.ts`");
  await mkdir(scratch, { recursive: true });
  const output = join(scratch, "predictions.jsonl");
  const flags = ["--model-path", model.folder, "--test-data", data.folder, "--output-path", output];
  const { code } = await runProcess(program, [...args, ...flags], { onLine: say });
  if (code !== 0)
    throw inputError(`\`${command}\` ended with ${code} on model ${model.manifest.version}; see its output above`);
  const text = await readFile(output, "utf8").catch((error: unknown) => {
    throw inputError(`\`${command}\` wrote no predictions: ${messageOf(error)}`);
  });
  const predictions = parsePredictions(text, `output of \`${command}\``, model.labels);
  if (predictions.length !== data.count) {
    throw inputError(`\`${command}\` answered ${predictions.length} of ${data.count} pictures; every one is needed`);
  }
  return predictions;
}
