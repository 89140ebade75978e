import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFolder } from "../../../delivery/objects.ts";
import { publishPackage } from "../../../delivery/package.ts";
import { GOLDEN, goodMetrics } from "../../support/model-figures.ts";
import { tinyModel } from "../../support/tiny-onnx.ts";

/** A published model. */
export interface Published {
  readonly version: string;
  /** Its package, `s3://<bucket>/models/<version>/`. */
  readonly model: string;
  /** The name that a deployment of it gets. */
  readonly deployment: string;
}

/** Publishes a model of its own for each `seed`, with good metrics but for `figures`. */
export async function publish(bucket: string, seed: number, figures: Record<string, unknown> = {}): Promise<Published> {
  const folder = mkdtempSync(join(tmpdir(), "ml-delivery-model-"));
  try {
    writeFileSync(join(folder, "model.onnx"), tinyModel(seed));
    writeFileSync(join(folder, "labels.json"), '["fern","ivy"]');
    writeFileSync(join(folder, "golden.json"), GOLDEN);
    const fields = { data: { fingerprint: "f".repeat(64), count: 10 }, git: null, parameters: {}, parent: null };
    const { path, version } = await publishPackage(folder, `s3://${bucket}/models/`, fields);
    const bytes = readFileSync(join(folder, "model.onnx"));
    const metrics = goodMetrics(bytes, figures);
    await openFolder(path).put("metrics.json", JSON.stringify(metrics));
    return { version, model: path, deployment: `m-${version.slice(0, 8)}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
