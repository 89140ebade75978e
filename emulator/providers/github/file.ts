import type { Call } from "../provider.ts";
import type { SimpleType } from "../simple-resource.ts";
import type { Surroundings } from "../surroundings.ts";
import { isObject, needText, type Properties, present, text } from "../values.ts";
import { type GitHubRest, gitHubRest, repositoryId } from "./rest.ts";

const contentsOf = (inputs: Properties) =>
  `/contents/${needText(inputs, "file").split("/").map(encodeURIComponent).join("/")}`;

/** `github:index/repositoryFile:RepositoryFile`: one file on one branch, each change a commit. */
export function fileType(surroundings: Surroundings): SimpleType {
  const branchOf = async (rest: GitHubRest, inputs: Properties): Promise<string> => {
    const branch = text(inputs, "branch");
    if (branch !== undefined && branch !== "") return branch;
    const repository = await rest.get(needText(inputs, "repository"), "");
    return needText(repository ?? {}, "default_branch");
  };
  const lookUp = async (rest: GitHubRest, inputs: Properties, branch: string) =>
    rest.get(needText(inputs, "repository"), `${contentsOf(inputs)}?ref=${encodeURIComponent(branch)}`);
  const outputsOf = async (rest: GitHubRest, inputs: Properties, branch: string, sha: string, commitSha: string) => ({
    ...inputs,
    ref: branch,
    sha,
    commitSha,
    repositoryId: await repositoryId(rest, needText(inputs, "repository")),
  });

  const write = async (
    inputs: Properties,
    branch: string,
    sha: string | undefined,
    call: Call,
  ): Promise<Properties> => {
    const rest = gitHubRest(surroundings, call.session);
    const author = text(inputs, "commitAuthor");
    const answer = await rest.send(
      "PUT",
      needText(inputs, "repository"),
      contentsOf(inputs),
      present({
        message: text(inputs, "commitMessage") ?? `${sha === undefined ? "Add" : "Update"} ${needText(inputs, "file")}`,
        content: Buffer.from(String(inputs["content"] ?? "")).toString("base64"),
        branch,
        sha,
        committer: author === undefined ? undefined : { name: author, email: needText(inputs, "commitEmail") },
      }),
    );
    const { content, commit } = answer;
    const [blobSha, commitSha] = [isObject(content) ? content : {}, isObject(commit) ? commit : {}].map((part) =>
      needText(part, "sha"),
    );
    return outputsOf(rest, inputs, branch, blobSha ?? "", commitSha ?? "");
  };

  return {
    token: "github:index/repositoryFile:RepositoryFile",
    required: ["repository", "file", "content"],
    optional: ["branch", "commitMessage", "commitAuthor", "commitEmail", "overwriteOnCreate"],
    replaceOn: ["repository", "file", "branch"],
    computed: ["commitSha", "ref", "repositoryId", "sha"],
    stable: ["ref", "repositoryId"],
    writeOnly: ["commitMessage", "commitAuthor", "commitEmail", "overwriteOnCreate"],
    identity: ["repository", "file", "branch"],

    async create(inputs, call) {
      const rest = gitHubRest(surroundings, call.session);
      const branch = await branchOf(rest, inputs);
      const there = await lookUp(rest, inputs, branch);
      if (there !== undefined && inputs["overwriteOnCreate"] !== true) {
        throw new Error(
          `refusing to overwrite \`${needText(inputs, "file")}\`: set \`overwriteOnCreate\` to true, or import it`,
        );
      }
      const outputs = await write(inputs, branch, text(there, "sha"), call);
      return { id: `${needText(inputs, "repository")}:${needText(inputs, "file")}:${branch}`, outputs };
    },

    async read({ id, inputs, outputs }, call) {
      const rest = gitHubRest(surroundings, call.session);
      const names = namesIn(id);
      const branch = await branchOf(rest, names);
      const found = await lookUp(rest, names, branch);
      if (found === undefined) return undefined;
      const content = Buffer.from(needText({ content: "", ...found }, "content") || "", "base64").toString("utf8");
      const live = { ...inputs, ...names, branch, content };
      const sha = needText(found, "sha");
      const commit =
        outputs["sha"] === sha ? (text(outputs, "commitSha") ?? "") : await lastCommit(rest, names, branch);
      return {
        id: `${names["repository"]}:${names["file"]}:${branch}`,
        inputs: live,
        outputs: await outputsOf(rest, live, branch, sha, commit),
      };
    },

    async update({ outputs }, inputs, call) {
      const rest = gitHubRest(surroundings, call.session);
      const branch = text(outputs, "ref") ?? (await branchOf(rest, inputs));
      const found = await lookUp(rest, inputs, branch);
      return write(inputs, branch, text(found, "sha"), call);
    },

    async delete({ id, inputs }, call) {
      const rest = gitHubRest(surroundings, call.session);
      const names = namesIn(id);
      const branch = await branchOf(rest, names);
      const sha = text(await lookUp(rest, names, branch), "sha");
      if (sha === undefined) return;
      const message = text(inputs, "commitMessage") ?? `Delete ${needText(names, "file")}`;
      await rest.delete(needText(names, "repository"), contentsOf(names), { message, sha, branch });
    },
  };
}

/** `repository:file` or `repository:file:branch`; without a branch, the default one. */
function namesIn(id: string): Properties {
  const [repository = "", file = "", ...branch] = id.split(":");
  if (file === "") throw new Error(`the id \`${id}\` is not of the form repository:file:branch`);
  return present({ repository, file, branch: branch.length > 0 && branch[0] !== "" ? branch.join(":") : undefined });
}

/** The commit that touched the file last, or an empty text where the list is empty. */
async function lastCommit(rest: GitHubRest, names: Properties, branch: string): Promise<string> {
  const query = `sha=${encodeURIComponent(branch)}&path=${encodeURIComponent(needText(names, "file"))}&per_page=1`;
  const answer = await rest.list(needText(names, "repository"), `/commits?${query}`);
  return text(answer[0], "sha") ?? "";
}
