import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import sharp from "sharp";

/** What is validated: made once in a folder, from a formula, so that every run reads the same. */
export interface Inputs {
  readonly parquet: string;
  readonly csv: string;
  /** A folder of pictures of 640×480 in two classes. */
  readonly pictures: string;
}

export async function makeInputs(folder: string, rows: number, pictures: number): Promise<Inputs> {
  const inputs = {
    parquet: join(folder, `rows-${rows}.parquet`),
    csv: join(folder, `rows-${rows}.csv`),
    pictures: join(folder, `pictures-${pictures}`),
  };
  mkdirSync(folder, { recursive: true });
  if (!existsSync(inputs.csv)) await makeTables(inputs, rows);
  if (!existsSync(inputs.pictures)) await makePictures(inputs.pictures, pictures);
  return inputs;
}

async function makeTables({ parquet, csv }: Inputs, rows: number): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:", { memory_limit: "1GB" });
  const connection = await instance.connect();
  await connection.run(`COPY (
    SELECT i AS id, 'plot/' || (i % 5000) || '/' || i || '.jpg' AS path,
      ['daisy', 'rose', 'tulip', 'sunflower', 'dandelion'][1 + (hash(i) % 5)::INT] AS species,
      (64 + hash(i + 1) % 4000)::INT AS width, (64 + hash(i + 2) % 4000)::INT AS height,
      (hash(i + 3) % 1000000)::DOUBLE / 1000000 AS score, (hash(i + 4) % 18000)::DOUBLE / 100 - 90 AS latitude,
      TIMESTAMP '2026-01-01' + INTERVAL 1 SECOND * (i % 20000000) AS taken_at, hash(i + 5) % 2 = 0 AS indoor,
      CASE WHEN hash(i + 6) % 10 > 0 THEN 'camera-' || (hash(i + 7) % 40) END AS camera
    FROM range(${rows}) t(i)) TO '${parquet}' (FORMAT parquet)`);
  const text = "* REPLACE (strftime(taken_at, '%Y-%m-%dT%H:%M:%SZ') AS taken_at)";
  await connection.run(`COPY (SELECT ${text} FROM '${parquet}') TO '${csv}.part' (FORMAT csv, HEADER)`);
  connection.closeSync();
  instance.closeSync();
  renameSync(`${csv}.part`, csv);
}

async function makePictures(folder: string, count: number): Promise<void> {
  const part = `${folder}.part`;
  const [width, height] = [640, 480];
  for (const label of ["even", "odd"]) mkdirSync(join(part, label), { recursive: true });
  for (let index = 0; index < count; index += 1) {
    // Blobs as coarse as a photograph's, enlarged, with fine noise on top.
    const coarse = Buffer.from(
      Array.from({ length: 16 * 12 * 3 }, (_, i) => (Math.imul(i + 7, index + 3) * 2654435761) >>> 24),
    );
    const noise = Buffer.from(
      Array.from({ length: 160 * 120 }, (_, i) => 112 + ((Math.imul(i + index, 2246822519) >>> 27) & 31)),
    );
    const grain = await sharp(noise, { raw: { width: 160, height: 120, channels: 1 } })
      .resize(width, height, { kernel: "nearest" })
      .png()
      .toBuffer();
    const picture = sharp(coarse, { raw: { width: 16, height: 12, channels: 3 } }).resize(width, height, {
      kernel: "cubic",
    });
    const content = await picture
      .composite([{ input: grain, blend: "soft-light" }])
      .jpeg({ quality: 85 })
      .toBuffer();
    writeFileSync(join(part, index % 2 === 0 ? "even" : "odd", `${index}.jpg`), content);
  }
  renameSync(part, folder);
}
