import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { generate } from "selfsigned";
import type { Service, ServiceAddress, ServiceContext } from "../../emulator/service.ts";
import { freePort } from "./free-port.ts";

/** The project's root. */
export const ROOT = resolve(import.meta.dirname, "../..");

/** A place for services of the emulator to live in during a test. */
export interface ServiceHome {
  readonly folder: string;
  /** Variables of the services started so far. */
  readonly env: Record<string, string>;
  /** Starts the services one after another, as the emulator does. */
  start(services: readonly Service[]): Promise<readonly ServiceAddress[]>;
  /** Stops what was started, last first, and leaves the folder for another start. */
  stop(): Promise<void>;
  /** Stops everything and deletes the folder. */
  remove(): Promise<void>;
}

/**
 * A home with a certificate that this process trusts from now on.
 *
 * @param folder an earlier home to take up. Default: a new one in a temporary folder.
 */
export async function createServiceHome(
  folder: string = mkdtempSync(join(tmpdir(), "ml-delivery-test-")),
): Promise<ServiceHome> {
  const certificate = existsSync(join(folder, "cert.pem")) ? readCertificate(folder) : await makeCertificate(folder);
  setDefaultCACertificates([...getCACertificates("default"), certificate.cert]);
  const portsFile = join(folder, "ports.json");
  const ports: Record<string, number> = existsSync(portsFile) ? JSON.parse(readFileSync(portsFile, "utf8")) : {};
  const env: Record<string, string> = {};
  const running: Service[] = [];
  const contextOf = (name: string): ServiceContext => {
    const own = join(folder, name);
    mkdirSync(own, { recursive: true });
    return {
      folder: own,
      root: ROOT,
      certificate,
      port: async (purpose) => {
        const known = ports[`${name}/${purpose}`];
        if (known !== undefined) return known;
        const port = await freePort();
        ports[`${name}/${purpose}`] = port;
        writeFileSync(portsFile, JSON.stringify(ports));
        return port;
      },
      env,
      log: () => undefined,
      touch: () => undefined,
    };
  };
  const stop = async () => {
    for (const service of running.splice(0).reverse()) await service.stop();
  };
  return {
    folder,
    env,
    async start(services) {
      const addresses: ServiceAddress[] = [];
      for (const service of services) {
        running.push(service);
        // What did not start must not keep the file of tests from ending.
        const address = await service.start(contextOf(service.name)).catch(async (error: unknown) => {
          await stop();
          throw error;
        });
        Object.assign(env, address.env);
        addresses.push(address);
      }
      return addresses;
    },
    stop,
    async remove() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function readCertificate(folder: string): ServiceContext["certificate"] {
  const keyFile = join(folder, "key.pem");
  const certFile = join(folder, "cert.pem");
  return { key: readFileSync(keyFile, "utf8"), cert: readFileSync(certFile, "utf8"), keyFile, certFile };
}

async function makeCertificate(folder: string): Promise<ServiceContext["certificate"]> {
  const made = await generate([{ name: "commonName", value: "localhost" }], {
    keySize: 2048,
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
        ],
      },
    ],
  });
  const keyFile = join(folder, "key.pem");
  const certFile = join(folder, "cert.pem");
  writeFileSync(keyFile, made.private, { mode: 0o600 });
  writeFileSync(certFile, made.cert);
  return { key: made.private, cert: made.cert, keyFile, certFile };
}
