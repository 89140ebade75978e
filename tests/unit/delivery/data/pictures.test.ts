import assert from "node:assert/strict";
import { copyFile, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import sharp from "sharp";
import { mergePictures, scanPictures } from "../../../../delivery/data/pictures.ts";
import { listData } from "../../../../delivery/data/scan.ts";
import { type PictureSchema, parseDataSchema } from "../../../../delivery/data/schema.ts";
import { validateDataset } from "../../../../delivery/data/validate.ts";
import { drawDataset, drawPicture, put } from "../pictures.ts";

const root = await mkdtemp(join(tmpdir(), "dataset-"));
after(() => rm(root, { recursive: true }));

const shipped = parseDataSchema(
  await readFile("schemas/data_schema.json", "utf8"),
  "the project's schema",
) as PictureSchema;
const schema: PictureSchema = { ...shipped, "x-dataset": { ...shipped["x-dataset"], minPerClass: 3, maxImbalance: 2 } };

async function dataset(name: string, perClass = 4): Promise<string> {
  const folder = join(root, name);
  await drawDataset(folder, ["daisy", "rose"], perClass);
  return folder;
}

/** What a data set's report says, as `[name, severity, count]` of each anomaly. */
async function anomaliesOf(folder: string, rules = schema) {
  const report = await validateDataset({ data: folder }, rules);
  return { verdict: report.verdict, found: report.anomalies.map((a) => [a.name, a.severity, a.count]), report };
}

test("a sound data set passes, counted by class, with hidden files left out", async () => {
  const folder = await dataset("sound");
  await put(folder, ".DS_Store", "x");
  const { verdict, found, report } = await anomaliesOf(folder);
  assert.deepEqual([verdict, found], ["pass", []]);
  assert.deepEqual(report.classes, { daisy: 4, rose: 4 });
  assert.deepEqual([report.images, report.usable], [8, 8]);
});

test("the fingerprint is of names and contents", async () => {
  const folder = await dataset("fingerprint");
  const before = (await validateDataset({ data: folder }, schema)).fingerprint;
  assert.equal((await validateDataset({ data: folder }, schema)).fingerprint, before);
  await put(folder, "rose/0.jpg", await drawPicture(77));
  assert.notEqual((await validateDataset({ data: folder }, schema)).fingerprint, before);
});

function half(content: Buffer): Buffer {
  return content.subarray(0, content.length / 2);
}

const broken: [string, string, () => Promise<Uint8Array>, string, RegExp][] = [
  ["an empty file", "rose/bad.jpg", async () => Buffer.alloc(0), "IMAGE_EMPTY", /bad.jpg: 0 bytes/],
  [
    "a text",
    "rose/bad.jpg",
    async () => Buffer.from("hello"),
    "LOW_SUPPORTED_IMAGE_FRACTION",
    /bad.jpg: .*unsupported/,
  ],
  ["half a picture", "rose/bad.jpg", async () => half(await drawPicture(9)), "LOW_SUPPORTED_IMAGE_FRACTION", /bad.jpg/],
  ["a PNG named .jpg", "rose/bad.jpg", () => drawPicture(9, "png"), "IMAGE_EXTENSION_MISMATCH", /bad.jpg: is png/],
  ["a GIF", "rose/bad.gif", () => drawPicture(9, "gif"), "LOW_SUPPORTED_IMAGE_FRACTION", /bad.gif: is gif/],
  [
    "an SVG",
    "rose/bad.jpg",
    async () => Buffer.from('<svg width="99" height="99"/>'),
    "LOW_SUPPORTED_IMAGE_FRACTION",
    /is svg/,
  ],
  ["a tiny picture", "rose/bad.jpg", () => drawPicture(9, "jpeg", 20), "IMAGE_TOO_SMALL", /bad.jpg: is 20x20/],
];
for (const [what, name, content, anomaly, example] of broken) {
  test(`${what} is named by path and fails the set (DAT-06)`, async () => {
    const folder = await dataset(`broken-${what}`);
    await put(folder, name, await content());
    const { verdict, report } = await anomaliesOf(folder);
    assert.equal(verdict, "fail");
    const told = report.anomalies.find((a) => a.name === anomaly && example.test(a.examples[0] ?? ""));
    assert.equal(told?.count, 1, JSON.stringify(report.anomalies));
    assert.equal(report.usable, 8);
    const lenient = { ...schema, "x-images": { ...schema["x-images"], maxUnusableShare: 0.2 } };
    assert.equal(
      (await validateDataset({ data: folder }, lenient)).verdict,
      "pass",
      "within the share it is only told",
    );
  });
}

test("a picture of too many pixels is refused before it is decoded", async () => {
  const folder = await dataset("bomb");
  const bomb = sharp({ create: { width: 9000, height: 9000, channels: 3, background: "#fff" } });
  await put(folder, "rose/bomb.png", await bomb.png().toBuffer());
  const { verdict, found } = await anomaliesOf(folder);
  assert.equal(verdict, "fail");
  assert.ok(found.some(([name]) => name === "IMAGE_TOO_LARGE"));
});

test("a symbolic link is refused (DAT-06)", async () => {
  const folder = await dataset("link");
  await symlink("/etc/hostname", join(folder, "rose/link.jpg"));
  const { verdict, found } = await anomaliesOf(folder);
  assert.equal(verdict, "fail");
  assert.deepEqual(found[0], ["SYMBOLIC_LINK", "error", 1]);
});

test("exact copies fail above their share; under another label they are told apart (DAT-04)", async () => {
  const folder = await dataset("copies");
  await copyFile(join(folder, "rose/0.jpg"), join(folder, "rose/copy.jpg"));
  await copyFile(join(folder, "rose/1.jpg"), join(folder, "daisy/stray.jpg"));
  const { verdict, found } = await anomaliesOf(folder);
  assert.equal(verdict, "fail");
  assert.deepEqual(found, [
    ["DUPLICATE_IMAGE", "error", 1],
    ["LABEL_CONFLICT", "error", 1],
  ]);
  const lenient = {
    ...schema,
    "x-dataset": { ...schema["x-dataset"], maxDuplicateShare: 0.2, maxLabelConflictShare: 0.2 },
  };
  assert.equal((await validateDataset({ data: folder }, lenient)).verdict, "pass");
});

test("too few classes, too few of a class, imbalance and unknown classes fail (DAT-05)", async () => {
  const folder = await dataset("few", 2);
  for (let i = 0; i < 9; i++) await put(folder, `tulip/${i}.jpg`, await drawPicture(5000 + i));
  const rules = {
    ...schema,
    "x-dataset": { ...schema["x-dataset"], classes: ["daisy", "rose", "oak"], minClasses: 5 },
  };
  const { verdict, found } = await anomaliesOf(folder, rules);
  assert.equal(verdict, "fail");
  assert.deepEqual(found, [
    ["DATASET_LOW_NUM_EXAMPLES", "error", 3],
    ["DATASET_LOW_NUM_CLASSES", "error", 1],
    ["ENUM_TYPE_UNEXPECTED_STRING_VALUES", "error", 1],
    ["CLASS_IMBALANCE", "error", 1],
  ]);
});

test("a folder that is empty or not there decides nothing (DAT-01)", async () => {
  await assert.rejects(validateDataset({ data: join(root, "nowhere") }, schema), /no data set at/);
  await put(join(root, "flat"), "a.jpg", await drawPicture(1));
  await assert.rejects(validateDataset({ data: join(root, "flat") }, schema), /no data set at/);
});

async function table(name: string, csv: string | Uint8Array): Promise<string> {
  const folder = await dataset(name);
  await put(folder, "labels.csv", csv);
  return folder;
}
const ROWS = ["daisy", "rose"].flatMap((label) => [0, 1, 2, 3].map((i) => `${label}/${i}.jpg,${label}`));

test("a table names the pictures and their classes; byte order mark and CRLF are fine", async () => {
  const folder = await table("table", `\uFEFFpath,label\r\n${ROWS.join("\r\n").replaceAll(",daisy", ",weed")}\r\n`);
  const { verdict, report } = await anomaliesOf(folder);
  assert.deepEqual([verdict, report.classes], ["pass", { rose: 4, weed: 4 }]);
});

const tables: [string, string, string, RegExp][] = [
  ["a new column", `path,label,x\n${ROWS.map((row) => `${row},1`).join("\n")}\n`, "SCHEMA_NEW_COLUMN", /`x`/],
  [
    "a missing value",
    `path,label\n${ROWS.join("\n").replace(",rose", ",")}\n`,
    "FEATURE_TYPE_LOW_FRACTION_PRESENT",
    /row 6/,
  ],
  [
    "a value out of pattern",
    `path,label\n${ROWS.join("\n").replace(",rose", ",=1+1")}\n`,
    "ENUM_TYPE_UNEXPECTED_STRING_VALUES",
    /row 6: "=1\+1"/,
  ],
  ["a path named twice", `path,label\n${ROWS.join("\n")}\n${ROWS[0]}\n`, "DUPLICATE_PRIMARY_KEY", /row 10/],
  ["a path that leaves", `path,label\n${ROWS.join("\n")}\n../x.jpg,rose\n`, "UNSAFE_PATH", /\.\.\/x\.jpg/],
  ["an absolute path", `path,label\n${ROWS.join("\n")}\n/etc/passwd,rose\n`, "UNSAFE_PATH", /\/etc\/passwd/],
  ["another bucket", `path,label\n${ROWS.join("\n")}\ns3://other/x.jpg,rose\n`, "UNSAFE_PATH", /s3:/],
  ["a file that is not there", `path,label\n${ROWS.join("\n")}\nrose/9.jpg,rose\n`, "MISSING_FILE", /rose\/9.jpg/],
  ["a file that is not named", `path,label\n${ROWS.slice(1).join("\n")}\n`, "UNLISTED_FILE", /daisy\/0.jpg/],
];
for (const [what, csv, anomaly, example] of tables) {
  test(`${what} fails as ${anomaly} (DAT-02, DAT-08)`, async () => {
    const folder = await table(`table-${what}`, csv);
    const { verdict, report } = await anomaliesOf(folder);
    assert.equal(verdict, "fail");
    const told = report.anomalies.find((a) => a.name === anomaly);
    assert.match(told?.examples[0] ?? "", example);
  });
}

const unreadable: [string, string | Uint8Array, RegExp][] = [
  ["only a header", "path,label\n", /holds no records/],
  ["nothing", "", /holds no records/],
  ["a ragged row", `path,label\n${ROWS[0]}\nx\n`, /line 3: 1 cells, but the header has 2/],
  ["an unclosed quote", `path,label\n"x,rose\n`, /line 2: a quote is opened and never closed/],
  ["a quote inside a cell", `path,label\nx"y,rose\n`, /line 2: "\\"" inside a cell/],
  ["a NUL", "path,label\nx\0,rose\n", /line 2/],
  ["no labels", "path\nx\n", /no column `label` \(SCHEMA_MISSING_COLUMN\); it has path/],
  ["a column twice", "path,path\nx,y\n", /two columns named `path`/],
  ["UTF-16", Buffer.from("\uFEFFpath,label\nx,rose\n", "utf16le"), /not UTF-8 \(ENUM_TYPE_INVALID_UTF8\)/],
];
for (const [what, csv, message] of unreadable) {
  test(`a table of ${what} decides nothing (DAT-01, DAT-03)`, async () => {
    await assert.rejects(validateDataset({ data: await table(`unreadable-${what}`, csv) }, schema), message);
  });
}

test("a schema with a part that is not understood is refused", () => {
  const document = JSON.parse(JSON.stringify(shipped));
  const refuse = (change: object, message: RegExp) =>
    assert.throws(() => parseDataSchema(JSON.stringify({ ...document, ...change }), "it"), message);
  refuse({ "x-image": {} }, /Unrecognized key/);
  refuse({ fields: [{ name: "path", type: "geopoint" }] }, /`fields.0.type`/);
  refuse({ fields: [{ name: "path", type: "string" }] }, /needs a field `label`/);
  refuse({ primaryKey: "id" }, /needs a field `id`/);
  const pattern = { name: "label", type: "string", constraints: { pattern: "(" } };
  refuse({ fields: [{ name: "path", type: "string" }, pattern] }, /no regular expression/);
});

/** The picture, its colours put through `change`. */
async function recoloured(change: (pixel: number[]) => number[], seed: number): Promise<Buffer> {
  const { data, info } = await sharp(await drawPicture(seed))
    .raw()
    .toBuffer({ resolveWithObject: true });
  for (let at = 0; at < data.length; at += 3) data.set(change([...data.subarray(at, at + 3)]), at);
  return sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } })
    .png()
    .toBuffer();
}

test("a picture that is held out too is a leak, always fatal, exact or near (DAT-04)", async () => {
  const folder = await dataset("seen");
  const heldOut = join(root, "held-out");
  await drawDataset(heldOut, ["daisy", "rose"], 1);
  await copyFile(join(folder, "rose/3.jpg"), join(heldOut, "rose/leaked.jpg"));
  const report = await validateDataset({ data: folder, heldOut }, schema);
  assert.equal(report.verdict, "fail");
  const leaks = report.anomalies.find(({ name }) => name === "SPLIT_LEAK");
  // drawDataset draws the same pictures again, so the two first of each class leak as well.
  assert.equal(leaks?.count, 3);
  assert.ok(leaks?.examples.includes("rose/leaked.jpg (held out) is rose/3.jpg (data)"), String(leaks?.examples));
  const apart = join(root, "apart");
  await put(apart, "rose/new.jpg", await drawPicture(123_456));
  assert.equal((await validateDataset({ data: folder, heldOut: apart }, schema)).verdict, "pass");
});

test("a picture that was recompressed and scaled is a near copy; across splits it is fatal (DAT-04)", async () => {
  const folder = join(root, "near");
  const scene = (seed: number) =>
    sharp(Buffer.from(Array.from({ length: 12 * 12 * 3 }, (_, i) => (Math.imul(i + 1, seed) * 2654435761) >>> 24)), {
      raw: { width: 12, height: 12, channels: 3 },
    }).resize(300, 300, { kernel: "cubic" });
  for (const seed of [3, 5, 7])
    await put(folder, `rose/${seed}.jpg`, await scene(seed).jpeg({ quality: 95 }).toBuffer());
  for (const seed of [11, 13, 17]) await put(folder, `daisy/${seed}.jpg`, await scene(seed).jpeg().toBuffer());
  const again = await scene(3).jpeg({ quality: 60 }).toBuffer();
  await put(folder, "rose/again.jpg", await sharp(again).resize(200, 200).toBuffer());
  const near = { ...schema, "x-images": { ...schema["x-images"], nearCopyDistance: 3, maxNearCopyShare: 0 } };
  const { report } = await anomaliesOf(folder, near);
  const told = report.anomalies.find(({ name }) => name === "NEAR_DUPLICATE_IMAGE");
  assert.equal(told?.count, 1, JSON.stringify(report.anomalies));
  assert.match(told?.examples[0] ?? "", /^rose\/again\.jpg looks like|looks like rose\/again\.jpg/);
  assert.equal(report.verdict, "fail");
  await put(join(root, "near-held-out"), "rose/x.jpg", again);
  const lenient = { ...near, "x-images": { ...near["x-images"], maxNearCopyShare: 1 } };
  const crossed = await validateDataset({ data: folder, heldOut: join(root, "near-held-out") }, lenient);
  assert.equal(crossed.verdict, "fail");
  assert.ok(crossed.anomalies.some(({ name }) => name === "SPLIT_NEAR_LEAK"));
});

test("swapped channels are drift of colours; the same pictures are none (DAT-09)", async () => {
  const rules = {
    ...schema,
    "x-dataset": { ...schema["x-dataset"], drift: { maxDivergence: 0.1, maxShareDifference: 0.1, minCount: 10 } },
  };
  const write = async (name: string, change: (pixel: number[]) => number[]) => {
    const paint = (pixel: number[]) => change([(pixel[0] ?? 0) >> 1, pixel[1] ?? 0, 255 - ((pixel[2] ?? 0) >> 2)]);
    for (const [c, label] of ["daisy", "rose"].entries())
      for (let i = 0; i < 6; i++)
        await put(join(root, name), `${label}/${i}.png`, await recoloured(paint, 1000 * c + i * 40));
    return join(root, name);
  };
  const reference = (await validateDataset({ data: await write("colours", (pixel) => pixel) }, rules)).profile;
  const same = await validateDataset({ data: join(root, "colours"), reference }, rules);
  assert.deepEqual(
    same.drift.map(({ field, value }) => [field, value]),
    [
      ["image red", 0],
      ["image green", 0],
      ["image blue", 0],
      ["class", 0],
    ],
  );
  const swapped = await validateDataset(
    { data: await write("swapped", (pixel) => pixel.toReversed()), reference },
    rules,
  );
  assert.deepEqual(
    swapped.drift.map(({ verdict }) => verdict),
    ["beyond", "within", "beyond", "within"],
  );
  assert.equal(swapped.verdict, "fail");
});

test("pictures of many pixels cost nothing: a header alone is refused before memory is taken (DAT-06)", async () => {
  const folder = await dataset("header");
  const honest = await drawPicture(5);
  const frame = honest.indexOf(Buffer.from([0xff, 0xc0]));
  honest.writeUInt16BE(50_000, frame + 5);
  honest.writeUInt16BE(50_000, frame + 7);
  await put(folder, "rose/huge.jpg", honest);
  const { report } = await anomaliesOf(folder);
  assert.ok(report.anomalies.some(({ examples }) => examples.includes("rose/huge.jpg: is 50000x50000")));
});

test("threads say of many pictures what this thread says of few", async () => {
  const folder = join(root, "threads");
  await drawDataset(folder, ["daisy", "rose"], 20);
  await put(folder, "rose/bad.jpg", half(await drawPicture(9)));
  const all = await listData(folder, schema);
  const many = await scanPictures(all.folder, all.objects, schema["x-images"]);
  const halves = [all.objects.slice(0, 20), all.objects.slice(20)];
  const few = await Promise.all(halves.map((part) => scanPictures(all.folder, part, schema["x-images"])));
  assert.deepEqual(mergePictures(few), mergePictures([many]));
  assert.equal(many.pictures.length, 41);
});
