import { isRunStep } from "../check.ts";
import { flatten } from "../graph.ts";
import type { Env, RunStep, Secret, SetUpStep, Step, Value } from "../model.ts";
import { block, groovyString, groovyText } from "./groovy.ts";
import {
  conditionExpression,
  environmentName,
  outputsRead,
  outputVariable,
  type Place,
  valueExpression,
} from "./jenkins-values.ts";
import { acceptNo, encodeCommand } from "./shell.ts";

/** The branch by its name and with its upstream: Jenkins checks out a commit, from where nothing can be pushed. */
const LATEST = [
  'git fetch --quiet origin "+refs/heads/$BRANCH_NAME:refs/remotes/origin/$BRANCH_NAME"',
  'git checkout --quiet --force -B "$BRANCH_NAME" "refs/remotes/origin/$BRANCH_NAME"',
].join("\n");

const REPOSITORY = "gitUsernamePassword(credentialsId: 'REPOSITORY', gitToolName: 'Default')";

/** The Groovy of a job's steps, inside what they all see. */
export function stepsOf(place: Place): string[] {
  return within(place.job.env ?? {}, place, renderSteps(place.job.steps, place));
}

function renderSteps([step, ...rest]: readonly Step[], place: Place): string[] {
  if (!step) return [];
  if (isRunStep(step)) return [...renderRun(step, place), ...renderSteps(rest, place)];
  return renderSetUp(step, place, () => renderSteps(rest, place));
}

/** A session holds for what comes after it: the rest of the steps stands inside. */
function renderSetUp({ name, setUp }: SetUpStep, place: Place, rest: () => string[]): string[] {
  const stage = (lines: readonly string[]) => block(`stage(${groovyString(name)})`, lines);
  switch (setUp.tool) {
    case "code": {
      const latest = block(`withCredentials([${REPOSITORY}])`, [bash(LATEST)]);
      return [...stage(["checkout scm", ...(setUp.latest ? latest : [])]), ...rest()];
    }
    case "node":
    case "pulumi":
      // The image has them.
      return rest();
    case "dependencies":
      return [...stage([bash("npm ci --ignore-scripts")]), ...rest()];
    case "artifact":
      return [...stage([`unstash(${groovyString(setUp.name)})`]), ...rest()];
    case "aws":
      return block(
        `withCredentials([${tokenFile("AWS_ID_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE")}])`,
        within({ AWS_ROLE_ARN: setUp.role, AWS_REGION: setUp.region }, place, rest()),
      );
    case "azure":
      return block(
        `withCredentials([${tokenFile("AZURE_ID_TOKEN", "AZURE_FEDERATED_TOKEN_FILE")}])`,
        within(
          {
            AZURE_CLIENT_ID: setUp.client,
            AZURE_TENANT_ID: setUp.tenant,
            AZURE_SUBSCRIPTION_ID: setUp.subscription,
            ARM_CLIENT_ID: setUp.client,
            ARM_USE_OIDC: { from: "literal", text: "true" },
          },
          place,
          rest(),
          ["'ARM_OIDC_TOKEN_FILE_PATH=' + env.AZURE_FEDERATED_TOKEN_FILE"],
        ),
      );
  }
}

const tokenFile = (credential: string, name: string): string =>
  `file(credentialsId: ${groovyString(credential)}, variable: ${groovyString(name)})`;

function renderRun(step: RunStep, place: Place): string[] {
  const read = outputsRead(place.job, place.pipeline).filter((output) => output.step === step.id);
  const keeps = read.length > 0 || step.answers === true;
  const command = encodeCommand(step.run);
  const readBack = read.map(
    (output) => `env.${outputVariable(place.job.id, output)} = output(${groovyString(output.name)})`,
  );
  const run = [bash(step.answers ? acceptNo(command) : command), ...readBack];
  const inside = within(step.env ?? {}, place, run, [
    ...(keeps ? [`'GITHUB_OUTPUT=' + pwd(tmp: true) + '/' + env.BUILD_NUMBER + ${groovyString(`-${step.id}`)}`] : []),
  ]);
  const pushing = step.pushes ? block(`withCredentials([${REPOSITORY}])`, inside) : inside;
  const stage = block(`stage(${groovyString(step.name)})`, [...pushing, ...renderStash(step, place)]);
  return step.if
    ? block(
        `if (${flatten(step.if)
          .map((part) => conditionExpression(part, place))
          .join(" && ")})`,
        stage,
      )
    : stage;
}

/** What later jobs take. What is only for people is archived when the job ends. */
function renderStash({ artifacts }: RunStep, { pipeline }: Place): string[] {
  if (!artifacts) return [];
  const taken = pipeline.jobs
    .flatMap((job) => job.steps)
    .some((step) => !isRunStep(step) && step.setUp.tool === "artifact" && step.setUp.name === artifacts.name);
  const includes = groovyString(artifacts.paths.join(","));
  return taken ? [`stash(name: ${groovyString(artifacts.name)}, includes: ${includes})`] : [];
}

/** Lines that see an env: its secrets bound as credentials, everything else as variables. */
function within(env: Env, place: Place, lines: readonly string[], more: readonly string[] = []): string[] {
  const entries = Object.entries(env);
  const isSecret = (entry: [string, Value]): entry is [string, Secret] => entry[1].from === "secret";
  const credentials = entries
    .filter(isSecret)
    .map(
      ([name, { name: secret }]) =>
        `string(credentialsId: ${groovyString(environmentName(secret, place.job))}, variable: ${groovyString(name)})`,
    );
  const variables = entries
    .filter((entry) => !isSecret(entry))
    .map(([name, value]) => `${groovyString(`${name}=`)} + ${valueExpression(value, place)}`);
  const inner = wrap("withEnv", [...variables, ...more], lines);
  return wrap("withCredentials", credentials, inner);
}

function wrap(step: string, items: readonly string[], lines: readonly string[]): string[] {
  if (items.length === 0) return [...lines];
  if (items.length === 1) return block(`${step}([${items.join("")}])`, lines);
  const [head = "", ...body] = block(`])`, lines);
  return [`${step}([`, ...items.map((item) => `    ${item},`), head, ...body];
}

const bash = (script: string): string => `bash(${groovyText(script)})`;
