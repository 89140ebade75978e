import type { Surroundings } from "../surroundings.ts";
import { signed } from "./signature.ts";

/** What AWS answered to a request that it refused; `name` is its code, as in the AWS SDK. */
export class QueryError extends Error {
  constructor(action: string, status: number, answer: string) {
    const code = /<Code>([^<]+)<\/Code>/.exec(answer)?.[1] ?? `HTTP ${status}`;
    const message = /<Message>([\s\S]*?)<\/Message>/.exec(answer)?.[1] ?? answer.slice(0, 300);
    super(`${action}: ${code}: ${decoded(message)}`);
    this.name = code;
  }
}

/** A service with AWS' query protocol: forms go in, XML comes out. A few calls do not earn a client of their own. */
export interface QueryApi {
  /** Calls an action. @returns the answer's XML. @throws QueryError where AWS refuses. */
  call(action: string, parameters?: Readonly<Record<string, string>>): Promise<string>;
}

/** IAM knows no regions; it is signed for the first of them. */
export function iamApi(surroundings: Surroundings): QueryApi {
  return queryApi(surroundings, { service: "iam", version: "2010-05-08", region: "us-east-1" });
}

export function stsApi(surroundings: Surroundings, region: string): QueryApi {
  return queryApi(surroundings, { service: "sts", version: "2011-06-15", region });
}

interface Service {
  readonly service: string;
  readonly version: string;
  readonly region: string;
}

function queryApi(surroundings: Surroundings, { service, version, region }: Service): QueryApi {
  return {
    async call(action, parameters = {}) {
      const url = new URL(surroundings.need("AWS_ENDPOINT_URL"));
      const body = new URLSearchParams({ Action: action, Version: version, ...parameters }).toString();
      const key = {
        id: surroundings.need("AWS_ACCESS_KEY_ID"),
        secret: surroundings.need("AWS_SECRET_ACCESS_KEY"),
      };
      const headers = signed({ url, region, service, body, type: "application/x-www-form-urlencoded" }, key);
      const response = await fetch(url, { method: "POST", headers, body });
      const answer = await response.text();
      if (!response.ok) throw new QueryError(action, response.status, answer);
      return answer;
    },
  };
}

/** The text of the first element of this name; undefined where there is none. */
export function element(xml: string, name: string): string | undefined {
  const found = new RegExp(`<${name}(?:/>|>([\\s\\S]*?)</${name}>)`).exec(xml);
  return found === null ? undefined : decoded(found[1] ?? "");
}

/** The contents of the members of a list, as XML. */
export function members(xml: string, list: string): string[] {
  const inside = new RegExp(`<${list}>([\\s\\S]*?)</${list}>`).exec(xml)?.[1] ?? "";
  return [...inside.matchAll(/<member>([\s\S]*?)<\/member>/g)].map((match) => match[1] ?? "");
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function decoded(text: string): string {
  return text.replace(/&(\w+|#\d+|#x[0-9a-f]+);/gi, (whole, name: string) => {
    if (name.startsWith("#x")) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    if (name.startsWith("#")) return String.fromCodePoint(Number(name.slice(1)));
    return entities[name] ?? whole;
  });
}
