import { z } from "zod";
import { readJsonFile } from "../atomic-file.ts";
import { AzureError } from "./errors.ts";

const ImagesFile = z.record(
  z.string(),
  z.strictObject({ command: z.array(z.string()).min(1).nullable(), about: z.string() }),
);

/** Image repository → the local command that stands for it; null where jobs bring their own. */
export type Images = z.infer<typeof ImagesFile>;

/** Reads an images file; see `emulator/images.json`. */
export async function readImages(file: string): Promise<Images> {
  return ImagesFile.parse(await readJsonFile(file));
}

/** The repository of an image reference, without registry host, tag and digest: `host:5000/team/app:1` is `team/app`. */
export function imageRepository(image: string): string {
  const [undigested = ""] = image.split("@", 1);
  const [first = "", ...rest] = undigested.replace(/:[^/:]*$/, "").split("/");
  const hasHost = rest.length > 0 && (first.includes(".") || first.includes(":") || first === "localhost");
  return hasHost ? rest.join("/") : [first, ...rest].join("/");
}

/**
 * What stands for an image here; an entry `a/b` also stands for `owner/a/b`, since each team publishes under its own owner.
 * @throws as Azure does when it cannot get an image.
 */
export function imageEntry(images: Images, image: string): Images[string] {
  const repository = imageRepository(image);
  const found = Object.entries(images).find(([name]) => `/${repository}`.endsWith(`/${name}`));
  if (found !== undefined) return found[1];
  throw new AzureError(
    400,
    "ImageBuildFailure",
    `The image '${image}' cannot be run: the emulator has no container runtime and images.json lists no '${repository}'. Listed are ${Object.keys(images).join(", ")}. Add an entry that names a local command.`,
  );
}
