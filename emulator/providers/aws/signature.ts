import { createHash, createHmac } from "node:crypto";

/** A POST to AWS. */
export interface SignedRequest {
  readonly url: URL;
  readonly region: string;
  readonly service: string;
  readonly body: string;
  /** Of the body. */
  readonly type: string;
  /** The operation, where the protocol names it in a header (JSON). */
  readonly target?: string;
}

/** The headers of a POST with signature version 4 (docs.aws.amazon.com/general/latest/gr/sigv4_signing.html). */
export function signed(request: SignedRequest, key: { id: string; secret: string }): Record<string, string> {
  const { url, region, service, body, type, target } = request;
  const time = new Date().toISOString().replace(/[:-]|\.\d{3}/g, "");
  const day = time.slice(0, 8);
  const scope = `${day}/${region}/${service}/aws4_request`;
  const sent = {
    "content-type": type,
    "x-amz-date": time,
    ...(target === undefined ? {} : { "x-amz-target": target }),
  };
  const all = Object.entries({ ...sent, host: url.host }).sort(([a], [b]) => (a < b ? -1 : 1));
  const names = all.map(([name]) => name).join(";");
  const lines = all.map(([name, value]) => `${name}:${value}\n`).join("");
  const canonical = ["POST", "/", "", lines, names, hash(body)].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", time, scope, hash(canonical)].join("\n");
  const derived = [day, region, service, "aws4_request"].reduce<string | Buffer>(mac, `AWS4${key.secret}`);
  const signature = mac(derived, toSign).toString("hex");
  const credential = `Credential=${key.id}/${scope}, SignedHeaders=${names}`;
  return { ...sent, authorization: `AWS4-HMAC-SHA256 ${credential}, Signature=${signature}` };
}

const hash = (content: string) => createHash("sha256").update(content).digest("hex");
const mac = (key: string | Buffer, content: string) => createHmac("sha256", key).update(content).digest();
