import { sha256 } from "../digest.ts";
import { messageOf } from "../errors.ts";
import { colourCounts, differenceHash, type Pixels } from "./image-hash.ts";
import type { ImageRules } from "./schema.ts";

/** Why a picture cannot be used; `anomaly` names the rule. */
export type ImageProblem = { readonly anomaly: string; readonly rule: string; readonly detail: string };

/** What is known of one picture's bytes. */
export type ImageFacts = {
  readonly sha256: string;
  readonly problem?: ImageProblem;
  /** Perceptual hash, 16 hex digits, of a picture that decodes. */
  readonly hash?: string;
  /** How its colours are spread, see {@link colourCounts}. */
  readonly colours?: readonly number[];
};

const EXTENSIONS: Readonly<Record<string, readonly string[]>> = {
  jpeg: ["jpg", "jpeg"],
  png: ["png"],
  webp: ["webp"],
  tiff: ["tif", "tiff"],
  gif: ["gif"],
};

/**
 * Checks one picture's bytes: the format by its content, whether the name says the same, its size, and that every
 * pixel decodes. Size is looked at before anything is decoded, so a picture bomb costs nothing.
 */
export async function checkImage(content: Uint8Array, name: string, rules: ImageRules): Promise<ImageFacts> {
  const digest = { sha256: sha256(content) };
  if (content.length === 0) {
    return { ...digest, problem: { anomaly: "IMAGE_EMPTY", rule: "a picture has content", detail: "0 bytes" } };
  }
  try {
    const { format, width, height, look } = openJpeg(content, rules) ?? (await openAny(content, rules));
    const problem = checkShape(format, width, height, name, rules);
    if (problem !== undefined) return { ...digest, problem };
    return { ...digest, ...(await look()) };
  } catch (error) {
    const message = messageOf(error).split("\n")[0] ?? "";
    const problem = /pixel limit/.test(message)
      ? { anomaly: "IMAGE_TOO_LARGE", rule: pixelRule(rules), detail: message }
      : { anomaly: "LOW_SUPPORTED_IMAGE_FRACTION", rule: "pictures decode", detail: message };
    return { ...digest, problem };
  }
}

/** What is kept of the pixels. */
type Seen = Required<Pick<ImageFacts, "hash" | "colours">>;

type Opened = {
  readonly format: string;
  readonly width: number;
  readonly height: number;
  /** Decodes every pixel. */
  readonly look: () => Promise<Seen>;
};

function see(pixels: Pixels): Seen {
  return { hash: differenceHash(pixels), colours: colourCounts(pixels) };
}

/** Where the pixels of one picture after another are put: fresh memory for each takes time. */
let kept = Buffer.alloc(0);
/** In bytes; a larger picture gets memory of its own. */
const MOST_KEPT = 1 << 24;

function bufferFor(bytes: number): Buffer {
  if (bytes > MOST_KEPT) return Buffer.allocUnsafeSlow(bytes);
  if (bytes > kept.length) kept = Buffer.allocUnsafeSlow(bytes);
  return kept;
}

/** The fast way, for JPEG whose every byte is as it should be; undefined for all else. */
function openJpeg(bytes: Uint8Array, rules: ImageRules): Opened | undefined {
  const size = jpegSize(bytes);
  if (size === undefined) return undefined;
  const look = async (): Promise<Seen> => {
    const { default: turbo } = await import("@julusian/jpeg-turbo");
    try {
      const jpeg = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      const out = bufferFor(size.width * size.height * 3);
      // Seen before anything is waited for: the next picture's pixels take the same place.
      return see({ ...turbo.decompressSync(jpeg, out, { format: turbo.FORMAT_RGB }), channels: 3 });
    } catch {
      // Colours it does not know, or damage: the other decoder knows more, and says what is wrong.
      return (await openAny(bytes, rules)).look();
    }
  };
  return { format: "jpeg", ...size, look };
}

async function openAny(content: Uint8Array, rules: ImageRules): Promise<Opened> {
  const { default: sharp } = await import("sharp");
  const picture = sharp(content, { limitInputPixels: rules.maxPixels, failOn: "warning" });
  const { format, width, height } = await picture.metadata();
  const look = async (): Promise<Seen> => {
    const { data, info } = await picture.toColourspace("srgb").raw().toBuffer({ resolveWithObject: true });
    return see({ data, width: info.width, height: info.height, channels: info.channels });
  };
  return { format, width, height, look };
}

function checkShape(
  format: string,
  width: number,
  height: number,
  name: string,
  rules: ImageRules,
): ImageProblem | undefined {
  if (!(rules.formats as readonly string[]).includes(format)) {
    const rule = `pictures are ${rules.formats.join(" or ")} by their content`;
    return { anomaly: "LOW_SUPPORTED_IMAGE_FRACTION", rule, detail: `is ${format}` };
  }
  const extension = /\.([^./]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  if (!EXTENSIONS[format]?.includes(extension)) {
    return {
      anomaly: "IMAGE_EXTENSION_MISMATCH",
      rule: "the name's extension says the format",
      detail: `is ${format}`,
    };
  }
  if (width < rules.minWidth || height < rules.minHeight) {
    const rule = `pictures are at least ${rules.minWidth}x${rules.minHeight}`;
    return { anomaly: "IMAGE_TOO_SMALL", rule, detail: `is ${width}x${height}` };
  }
  if (width * height > rules.maxPixels) {
    return { anomaly: "IMAGE_TOO_LARGE", rule: pixelRule(rules), detail: `is ${width}x${height}` };
  }
  return undefined;
}

function pixelRule(rules: ImageRules): string {
  return `pictures have at most ${rules.maxPixels} pixels`;
}

/** Size of a JPEG by its frame header (ITU T.81, B.2.2); undefined where there is none. */
function jpegSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 4 || view.getUint16(0) !== 0xffd8) return undefined;
  for (let at = 2; at + 9 <= bytes.length; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at);
    if (marker < 0xffc0 || marker === 0xffda) return undefined;
    const frame = marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
    if (frame) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
  }
  return undefined;
}
