import assert from "node:assert/strict";
import { parse } from "yaml";
import { conditionsOf, flatten } from "../../pipelines/graph.ts";
import type { Condition, Job, Pipeline } from "../../pipelines/model.ts";
import { type Block, parseBlocks } from "./groovy-blocks.ts";

/** What a rendering has to say of a job as the model does, in words that are no engine's. */
export interface JobShape {
  readonly needs: readonly string[];
  readonly conditions: readonly string[];
  readonly environment?: string | undefined;
  readonly approval: boolean;
  readonly group?: string | undefined;
  readonly timeoutMinutes: number;
}

export type Graph = Readonly<Record<string, JobShape>>;

/**
 * The model's graph. GitHub skips what follows a skipped job; elsewhere a job asks for all that those before it ask for.
 * GitHub keeps approvals in the environment.
 */
export function graphOf(pipeline: Pipeline, engine: "github" | "other"): Graph {
  const shape = (job: Job): JobShape => ({
    needs: job.needs ?? [],
    conditions: (engine === "github" ? flatten(job.if) : conditionsOf(job, pipeline)).map(inWords).sort(),
    environment: job.environment,
    approval: engine === "other" && job.approval !== undefined,
    group: job.concurrency?.group,
    timeoutMinutes: job.timeoutMinutes,
  });
  return Object.fromEntries(pipeline.jobs.map((job) => [job.id, shape(job)]));
}

function inWords(condition: Condition): string {
  switch (condition.when) {
    case "onBranch":
      return `branch ${condition.branch}`;
    case "equals": {
      const { value } = condition;
      const of = value.from === "input" ? value.name : `${value.from === "job" ? value.job : value.step}.${value.name}`;
      return `${value.from} ${of} = ${condition.text}`;
    }
    case "changed":
      return `changed ${condition.paths.join(" ")}`;
    default:
      return condition.when;
  }
}

/** A rule of an engine's language: what it looks like, and what it says. */
type Rules = readonly (readonly [RegExp, (...groups: string[]) => string])[];

function read(text: string, rules: Rules): string {
  for (const [pattern, say] of rules) {
    const match = pattern.exec(text);
    if (match) return say(...match.slice(1));
  }
  assert.fail(`nothing known looks like \`${text}\``);
}

const OWN_PULL_REQUEST = () => "ownPullRequest";

const GITHUB: Rules = [
  [/^github\.ref == 'refs\/heads\/(.+)'$/, (branch) => `branch ${branch}`],
  [/^needs\.(.+)\.outputs\.(.+) == '(.*)'$/, (job, name, text) => `job ${job}.${name} = ${text}`],
  [/^inputs\.(\w+) == '(.*)'$/, (name, text) => `input ${name} = ${text}`],
  [/^github\.event\.pull_request\.head\.repo\.full_name == github\.repository$/, OWN_PULL_REQUEST],
];

interface GitHubJob {
  readonly needs?: readonly string[];
  readonly if?: string;
  readonly environment?: string;
  readonly concurrency?: { readonly group: string };
  readonly "timeout-minutes": number;
}

export function graphOfGitHub(text: string): Graph {
  const { jobs } = parse(text) as { jobs: Record<string, GitHubJob> };
  const shape = (job: GitHubJob): JobShape => ({
    needs: job.needs ?? [],
    conditions: (job.if?.split(" && ") ?? []).map((part) => read(part, GITHUB)).sort(),
    environment: job.environment,
    approval: false,
    group: job.concurrency?.group,
    timeoutMinutes: job["timeout-minutes"],
  });
  return Object.fromEntries(Object.entries(jobs).map(([id, job]) => [id, shape(job)]));
}

const GITLAB: Rules = [
  [/^\$CI_COMMIT_BRANCH == "(.+)"$/, (branch) => `branch ${branch}`],
  [/^\$INPUT_(\w+) == "(.*)"$/, (name = "", text) => `input ${name.toLowerCase()} = ${text}`],
  [/^\$CI_MERGE_REQUEST_SOURCE_PROJECT_PATH == \$CI_PROJECT_PATH$/, OWN_PULL_REQUEST],
];
const GITLAB_WORDS = ["workflow", "stages", "variables", "default"];

interface GitLabJob {
  readonly needs: readonly string[];
  readonly rules: readonly { if?: string; changes?: { paths: readonly string[] }; when?: string }[];
  readonly environment?: { readonly name: string };
  readonly resource_group?: string;
  readonly timeout: string;
}

export function graphOfGitLab(text: string): Graph {
  const file = parse(text) as Record<string, GitLabJob>;
  const shape = ({ needs, rules, environment, resource_group: group, timeout }: GitLabJob): JobShape => {
    assert.equal(rules.length, 1);
    const [rule = {}] = rules;
    const changed = rule.changes ? [`changed ${rule.changes.paths.join(" ")}`] : [];
    return {
      needs,
      conditions: [...(rule.if?.split(" && ") ?? []).map((part) => read(part, GITLAB)), ...changed].sort(),
      environment: environment?.name,
      approval: rule.when === "manual",
      group,
      timeoutMinutes: Number(/^(\d+) minutes$/.exec(timeout)?.[1]),
    };
  };
  const jobs = Object.entries(file).filter(([key]) => !GITLAB_WORDS.includes(key));
  return Object.fromEntries(jobs.map(([id, job]) => [id, shape(job)]));
}

const JENKINS: Rules = [
  [/^expression \{ env\.BRANCH_NAME == '(.+)' \}$/, (branch) => `branch ${branch}`],
  [/^expression \{ \(params\.(\w+) \?: ''\) == '(.*)' \}$/, (name, text) => `input ${name} = ${text}`],
  [/^expression \{ env\.CHANGE_ID != null && env\.CHANGE_FORK == null \}$/, OWN_PULL_REQUEST],
];

/** The jobs of a Jenkinsfile, in the waves in which its stages run. */
export function wavesOfJenkins(text: string): readonly Graph[] {
  const stages = find(find(parseBlocks(text), "pipeline"), "stages");
  return stages.children.map((stage) => {
    const parallel = stage.children.find(({ head }) => head === "parallel");
    return Object.fromEntries((parallel ? parallel.children : [stage]).map(jobOfStage));
  });
}

function jobOfStage(stage: Block): [string, JobShape] {
  const { id, needs } = /^\/\/ job (?<id>\S+), needs (?<needs>.+)$/m.exec(stage.text)?.groups ?? {};
  assert.ok(id && needs, `no job stands in ${stage.head}`);
  const when = stage.children.find(({ head }) => head === "when");
  const anyOf = when?.children.find(({ head }) => head === "anyOf");
  const paths = [...(anyOf?.text ?? "").matchAll(/^changeset '(.+)'$/gm)].map(([, path]) => path);
  const conditions = [...(when?.text ?? "").matchAll(/^expression .+$/gm)].map(([line]) => read(line, JENKINS));
  const inner = stage.children.find(({ head }) => head === "stages")?.children ?? [];
  const asks = inner.findIndex((part) => /\binput\(/.test(part.all));
  const work = inner.length > 0 ? inner.at(-1) : stage;
  const options = work?.children.find(({ head }) => head === "options")?.text ?? "";
  // The role it takes, or the credentials it is given, carry the environment's name.
  const environments = [
    ...(work?.all ?? "").matchAll(/env\.([A-Z]+)_AWS_ROLE_|credentialsId: '(STAGING|PRODUCTION)_/g),
  ];
  const names = new Set(environments.map(([, role, credential]) => (role ?? credential)?.toLowerCase()));
  assert.ok(names.size <= 1, `${id} uses ${[...names].join(" and ")}`);
  return [
    id,
    {
      needs: needs === "nothing" ? [] : needs.split(", "),
      conditions: [...conditions, ...(paths.length > 0 ? [`changed ${paths.join(" ")}`] : [])].sort(),
      environment: [...names][0],
      // The question comes first, and holds up what comes after it.
      approval: asks === 0 && inner.length > 1,
      group: /lock\(resource: '(.+)'\)/.exec(options)?.[1],
      timeoutMinutes: Number(/timeout\(time: (\d+), unit: 'MINUTES'\)/.exec(options)?.[1]),
    },
  ];
}

function find(block: Block, head: string): Block {
  const found = block.children.find((child) => child.head === head);
  assert.ok(found, `no ${head} in ${block.head || "the file"}`);
  return found;
}
