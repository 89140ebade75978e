/** A resource before or after a step, secrets as `[secret]`. */
export interface State {
  readonly custom?: boolean;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** What the engine would do to one resource. */
export interface Step {
  /** The engine's word: create, update, delete, replace, same, … */
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly old?: State | null;
  readonly new?: State | null;
  /** Inputs that make it a replacement. */
  readonly keys?: readonly string[];
}

/** A rule of the policy pack that a resource breaks. */
export interface Violation {
  readonly policy: string;
  readonly message: string;
  /** Whether it stops the preview. */
  readonly mandatory: boolean;
}

/** What one preview said. */
export interface Preview {
  readonly steps: readonly Step[];
  readonly violations: readonly Violation[];
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
  /** Outputs of the stack as it is and as it would be. */
  readonly outputs: { readonly old: State["outputs"]; readonly new: State["outputs"] };
  /** Whether the engine got to the end. False where it was stopped or never began. */
  readonly succeeded: boolean;
}

interface EngineEvent {
  readonly resourcePreEvent?: { readonly metadata: Step };
  readonly resOutputsEvent?: { readonly metadata: Step };
  readonly diagnosticEvent?: { readonly severity: string; readonly message: string };
  readonly policyEvent?: { readonly policyName: string; readonly message: string; readonly enforcementLevel: string };
  readonly errorEvent?: { readonly error: string };
  readonly summaryEvent?: { readonly result?: string };
}

const STACK = "pulumi:pulumi:Stack";

/**
 * Reads the events of `pulumi preview --json`, one on a line. What is no event is passed over: the summary at the end
 * says whether the preview is whole.
 *
 * @param hide takes secrets out of a text; every text of every event goes through it
 */
export function readPreview(lines: string, hide: (text: string) => string = (text) => text): Preview {
  const events = lines.split("\n").flatMap((line) => parseEvent(line, hide));
  const said = (severity: string) =>
    unique(events.flatMap(({ diagnosticEvent: one }) => (one?.severity === severity ? tidy(one.message) : [])));
  const stack = events
    .flatMap(({ resOutputsEvent }) => (resOutputsEvent?.metadata.type === STACK ? resOutputsEvent.metadata : []))
    .at(-1);
  return {
    steps: events.flatMap(({ resourcePreEvent }) => resourcePreEvent?.metadata ?? []),
    violations: events.flatMap(({ policyEvent: one }) =>
      one === undefined
        ? []
        : {
            policy: one.policyName,
            message: tidy(one.message),
            mandatory: one.enforcementLevel === "mandatory",
          },
    ),
    errors: unique([
      ...said("error"),
      ...events.flatMap(({ errorEvent }) => (errorEvent ? tidy(errorEvent.error) : [])),
    ]),
    warnings: said("warning"),
    outputs: { old: stack?.old?.outputs, new: stack?.new?.outputs },
    succeeded: events.some(({ summaryEvent }) => summaryEvent?.result === "succeeded"),
  };
}

function parseEvent(line: string, hide: (text: string) => string): EngineEvent[] {
  if (!line.startsWith("{")) return [];
  try {
    return [hideWithin(JSON.parse(line), hide) as EngineEvent];
  } catch {
    return []; // an error's document over several lines
  }
}

/** Names as well as values: a map may be keyed by what somebody typed. */
function hideWithin(value: unknown, hide: (text: string) => string): unknown {
  if (typeof value === "string") return hide(value);
  if (Array.isArray(value)) return value.map((one) => hideWithin(one, hide));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [hide(name), hideWithin(one, hide)]));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what colours begin with
const COLOURS = /\u001b\[[0-9;]*m|<\{%[^%]*%\}>/g;
const tidy = (text: string) => text.replace(COLOURS, "").trim();
const unique = (texts: readonly string[]) => [...new Set(texts)];
