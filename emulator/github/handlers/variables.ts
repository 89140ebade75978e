import { z } from "zod";
import { checkBody, text } from "../body.ts";
import { GithubError, notFound } from "../errors.ts";
import { page } from "../paging.ts";
import { findHolder, param, type RestRequest, type RestResponse } from "../rest.ts";
import { checkName } from "./names.ts";
import { holderPath } from "./secrets.ts";

const postBody = z.strictObject({ name: text, value: text });
const patchBody = z.strictObject({ name: text.optional(), value: text.optional() });
/** GitHub's limit for a variable's value, in bytes. */
const largest = 48 * 1024;

/** GET …/variables */
export function listVariables(request: RestRequest): RestResponse {
  const all = Object.values(findHolder(request).variables);
  return page(request, `${holderPath(request)}/variables`, "variables", all, 10);
}

/** GET …/variables/{name} */
export function getVariable(request: RestRequest): RestResponse {
  const variable = findHolder(request).variables[param(request, "name").toUpperCase()];
  if (variable === undefined) throw notFound();
  return { status: 200, body: variable };
}

/** POST …/variables */
export async function createVariable(request: RestRequest): Promise<RestResponse> {
  const body = checkBody(postBody, request.body);
  const name = checkName("Variable", body.name);
  const value = checkSize(body.value);
  await request.github.store.change((state) => {
    const { variables } = findHolder(request, state);
    if (variables[name] !== undefined) throw alreadyExists();
    const now = request.github.now();
    variables[name] = { name, value, created_at: now, updated_at: now };
  });
  return { status: 201, body: {} };
}

/** PATCH …/variables/{name}: another value, another name, or both. */
export async function updateVariable(request: RestRequest): Promise<RestResponse> {
  const body = checkBody(patchBody, request.body);
  const name = param(request, "name").toUpperCase();
  const to = body.name === undefined ? name : checkName("Variable", body.name);
  const value = body.value === undefined ? undefined : checkSize(body.value);
  await request.github.store.change((state) => {
    const { variables } = findHolder(request, state);
    const before = variables[name];
    if (before === undefined) throw notFound();
    if (to !== name && variables[to] !== undefined) throw alreadyExists();
    delete variables[name];
    variables[to] = { ...before, name: to, value: value ?? before.value, updated_at: request.github.now() };
  });
  return { status: 204 };
}

/** DELETE …/variables/{name} */
export async function deleteVariable(request: RestRequest): Promise<RestResponse> {
  const name = param(request, "name").toUpperCase();
  await request.github.store.change((state) => {
    const { variables } = findHolder(request, state);
    if (variables[name] === undefined) throw notFound();
    delete variables[name];
  });
  return { status: 204 };
}

function alreadyExists(): GithubError {
  return new GithubError(409, "Already exists - Variable already exists");
}

function checkSize(value: string): string {
  if (Buffer.byteLength(value) > largest) throw new GithubError(422, "Variable value is too large: 48 KB at most.");
  return value;
}
