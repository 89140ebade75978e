import { X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { writeFileAtomically } from "./atomic-file.ts";
import { readIfThere } from "./read-file.ts";

export interface Certificate {
  readonly key: string;
  readonly cert: string;
  readonly keyFile: string;
  readonly certFile: string;
  /** Our certificate and those the user trusted already: what `NODE_EXTRA_CA_CERTS` must name. */
  readonly bundleFile: string;
}

const day = 24 * 60 * 60 * 1000;
const lifetime = 365 * day;
/** Renewed this long before its end, so that an emulator left running does not outlive its certificate. */
const renewal = 30 * day;

/**
 * The home's own certificate for 127.0.0.1 and localhost, made at first use and renewed in time. Azure's SDKs refuse
 * bearer tokens over plain http, so there has to be one.
 * @param extraCaCerts the file that `NODE_EXTRA_CA_CERTS` names now: it holds one file only, so ours must include it.
 */
export async function ensureCertificate(
  folder: string,
  extraCaCerts: string | undefined,
  now: Date = new Date(),
): Promise<Certificate> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keyFile = join(folder, "key.pem");
  const certFile = join(folder, "cert.pem");
  const bundleFile = join(folder, "bundle.pem");
  const kept = readPair(keyFile, certFile, now);
  // Read before renewal: when the variable names our own bundle, the old certificate is the part to leave out.
  const others = trustedBefore(extraCaCerts, bundleFile, readIfThere(certFile));
  const pair = kept ?? (await makePair(now));
  if (kept === undefined) {
    await writeFileAtomically(keyFile, pair.key, 0o600);
    await writeFileAtomically(certFile, pair.cert);
  }
  const bundle = [pair.cert, others].map((part) => part.trim()).filter((part) => part !== "");
  await writeFileAtomically(bundleFile, `${bundle.join("\n")}\n`);
  return { ...pair, keyFile, certFile, bundleFile };
}

function readPair(keyFile: string, certFile: string, now: Date): { key: string; cert: string } | undefined {
  const key = readIfThere(keyFile);
  const cert = readIfThere(certFile);
  if (key === undefined || cert === undefined) return undefined;
  try {
    const x509 = new X509Certificate(cert);
    return x509.validToDate.getTime() - now.getTime() > renewal ? { key, cert } : undefined;
  } catch {
    return undefined;
  }
}

async function makePair(now: Date): Promise<{ key: string; cert: string }> {
  // Loaded only when needed: it costs a quarter of a second, once a year.
  const { generate } = await import("selfsigned");
  const pems = await generate([{ name: "commonName", value: "ml-delivery emulator" }], {
    algorithm: "sha256",
    keyType: "ec",
    curve: "P-256",
    notBeforeDate: new Date(now.getTime() - day),
    notAfterDate: new Date(now.getTime() + lifetime),
    extensions: [
      // A trust anchor of its own: clients are told to trust exactly this certificate, and it may sign no other name.
      { name: "basicConstraints", cA: true, pathLenConstraint: 0, critical: true },
      { name: "keyUsage", digitalSignature: true, keyCertSign: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
        ],
      },
    ],
  });
  return { key: pems.private, cert: pems.cert };
}

function trustedBefore(file: string | undefined, bundleFile: string, ourCert: string | undefined): string {
  if (file === undefined || file === "") return "";
  const ours = resolve(file) === resolve(bundleFile);
  const text = ours ? (readIfThere(bundleFile) ?? "") : readCaFile(file);
  return ours && ourCert !== undefined ? text.replace(ourCert.trim(), "") : text;
}

function readCaFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(
      `NODE_EXTRA_CA_CERTS names \`${file}\`, which cannot be read (${(error as Error).message}). ` +
        "Point it at a readable PEM file or unset it.",
    );
  }
}
