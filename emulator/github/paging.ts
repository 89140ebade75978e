import { invalidRequest } from "./errors.ts";
import type { RestRequest, RestResponse } from "./rest.ts";

/** One page of a list in GitHub's shape, `{ total_count, <field>: [...] }`, with the `Link` header that leads on. */
export function page(
  request: RestRequest,
  path: string,
  field: string,
  all: readonly unknown[],
  defaultSize = 30,
): RestResponse {
  const { size, number } = pageOf(request, defaultSize);
  const last = Math.max(1, Math.ceil(all.length / size));
  const link = (to: number, rel: string) => `<${request.github.url}${path}?per_page=${size}&page=${to}>; rel="${rel}"`;
  const links = [
    ...(number > 1 ? [link(number - 1, "prev"), link(1, "first")] : []),
    ...(number < last ? [link(number + 1, "next"), link(last, "last")] : []),
  ];
  return {
    status: 200,
    body: { total_count: all.length, [field]: all.slice((number - 1) * size, number * size) },
    ...(links.length === 0 ? {} : { headers: { Link: links.join(", ") } }),
  };
}

/** Which page is asked for. GitHub cuts what is above a limit instead of refusing it: 100 a page, 30 for variables. */
export function pageOf(request: RestRequest, defaultSize = 30): { size: number; number: number } {
  const size = Math.min(positive(request, "per_page", defaultSize), defaultSize === 10 ? 30 : 100);
  return { size, number: positive(request, "page", 1) };
}

function positive(request: RestRequest, name: string, fallback: number): number {
  const text = request.query[name];
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw invalidRequest(`For '${name}', "${text}" is not a positive integer.`);
  return value;
}
