/** An answer that says no, in the shape and words of GitHub's REST API. */
export class GithubError extends Error {
  readonly status: number;
  readonly errors: readonly unknown[] | undefined;

  constructor(status: number, message: string, errors?: readonly unknown[]) {
    super(message);
    this.name = "GithubError";
    this.status = status;
    this.errors = errors;
  }
}

/** The body GitHub sends: since API version 2022-11-28 the status is in it too, as a string. */
export function errorBody(error: GithubError, documentationUrl: string): Record<string, unknown> {
  return {
    message: error.message,
    ...(error.errors === undefined ? {} : { errors: error.errors }),
    documentation_url: documentationUrl,
    status: String(error.status),
  };
}

export const notFound = () => new GithubError(404, "Not Found");
export const requiresAuthentication = () => new GithubError(401, "Requires authentication");
export const badCredentials = () => new GithubError(401, "Bad credentials");
export const notJson = () => new GithubError(400, "Problems parsing JSON");
export const notAnObject = () => new GithubError(400, "Body should be a JSON object");
export const invalidRequest = (why: string) => new GithubError(422, `Invalid request.\n\n${why}`);
export const validationFailed = (errors: readonly unknown[]) => new GithubError(422, "Validation Failed", errors);
export const notOffered = (what: string) => new GithubError(501, `The emulator does not offer ${what}.`);
