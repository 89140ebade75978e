/** What GitHub knows of a repository. */
export interface RepositoryFacts {
  readonly ownerId: number;
  readonly repositoryId: number;
  /** Milliseconds since 1970. Renaming and transferring do not show here. */
  readonly createdAt: number;
}

/** Asks GitHub, where there is a token; gives undefined where there is none, or no answer: then a person is asked. */
export async function lookUp(
  owner: string,
  repository: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<RepositoryFacts | undefined> {
  const token = env["GITHUB_TOKEN"] || env["GH_TOKEN"];
  if (!token) return undefined;
  const url = `${env["GITHUB_API_URL"] || "https://api.github.com"}/repos/${encodeURIComponent(owner)}/${encodeURIComponent(repository)}`;
  const headers = { accept: "application/vnd.github+json", authorization: `Bearer ${token}` };
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(10_000) });
    if (!response.ok) return undefined;
    const { id, owner: person, created_at } = (await response.json()) as Partial<Answer>;
    const createdAt = Date.parse(created_at ?? "");
    if (typeof id !== "number" || typeof person?.id !== "number" || Number.isNaN(createdAt)) return undefined;
    return { ownerId: person.id, repositoryId: id, createdAt };
  } catch {
    return undefined;
  }
}

interface Answer {
  readonly id: number;
  readonly owner: { readonly id: number };
  readonly created_at: string;
}
