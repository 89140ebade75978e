/** A value that the program marked as secret: encrypted in the state, hidden in what is printed. */
export class Hidden {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}

/** How the rule is shown. It needs to see what is secret, which the pack does in a way of its own. */
export const plainSecretsRule = {
  name: "plain-secrets",
  description: "A secret is marked as one, so that the state has it encrypted and no preview or log shows it.",
  remedy:
    "Wrap it in pulumi.secret(), or set it by `pulumi config set --secret`. It has been in plain text: change it where it is used.",
} as const;

/** Names whose value is a secret, whatever it looks like. The last word decides: `secretName` names one and is none. */
const NAMES =
  /(?:^|[a-z0-9_-])(?:password|passwd|passphrase|secret|token|credential|credentials|api[_-]?key|access[_-]?key|account[_-]?key|secret[_-]?key|shared[_-]?key|private[_-]?key|connection[_-]?string|sas)$/i;

/** Values that are a secret, whatever they are called. */
const VALUES: readonly (readonly [string, RegExp])[] = [
  ["an AWS access key", /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/],
  ["a GitHub token", /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,})\b/],
  ["a private key", /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/],
  ["a key of an Azure storage account", /\bAccountKey=[A-Za-z0-9+/=]{40,}/],
  ["a shared access signature", /[?&]sig=[A-Za-z0-9%+/=]{40,}/],
  ["a signed token", /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/],
  ["a Pulumi access token", /\bpul-[0-9a-f]{40}\b/],
];

/** Types of which a property is a secret by what they are. */
const ALWAYS: Readonly<Record<string, readonly string[]>> = {
  "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret": ["value", "plaintextValue"],
  "github:index/actionsSecret:ActionsSecret": ["value", "plaintextValue"],
  "azure-native:keyvault:Secret": ["properties.value"],
};

/** Places of plain secrets, and what is wrong with each. Never a value. */
export function plainSecrets(type: string, inputs: unknown): readonly string[] {
  const always = ALWAYS[type] ?? [];
  return plainTexts(inputs).flatMap(({ path, name, text }) => {
    if (text === "") return [];
    if (NAMES.test(name) || always.includes(path)) return [`${path} is not marked as secret`];
    const what = VALUES.find(([, pattern]) => pattern.test(text))?.[0];
    return what === undefined ? [] : [`${path} holds ${what} that is not marked as secret`];
  });
}

interface PlainText {
  readonly path: string;
  /** What the text is the value of: the last key on the way, or the variable's name beside it. */
  readonly name: string;
  readonly text: string;
}

/** Every text that anyone who sees the inputs can read. */
function plainTexts(value: unknown, path: readonly string[] = [], name = ""): readonly PlainText[] {
  if (typeof value === "string") return [{ path: path.join("."), name, text: value }];
  if (typeof value !== "object" || value === null || value instanceof Hidden) return [];
  if (Array.isArray(value)) return value.flatMap((one, index) => plainTexts(one, [...path, String(index)], name));
  // A list of variables, as `{ name: "API_TOKEN", value: "…" }`.
  const { name: called, variableName = called } = value as Readonly<Record<string, unknown>>;
  return Object.entries(value).flatMap(([key, one]) =>
    plainTexts(one, [...path, key], key === "value" && typeof variableName === "string" ? variableName : key),
  );
}
