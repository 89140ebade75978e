/**
 * What went wrong, sorted by who has to act. The kind decides a command's exit code.
 *
 * - `input`: the caller's flags or files; nothing can be decided until they change (exit 2)
 * - `refused`: the answer is no; a rule of delivery says so (exit 1)
 * - `surroundings`: a cloud, the network, a lock; the same call may work later (exit 3)
 */
export type ErrorKind = "input" | "refused" | "surroundings";

/** An error whose message is meant for the person at the keyboard. */
export class DeliveryError extends Error {
  readonly kind: ErrorKind;

  constructor(kind: ErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DeliveryError";
    this.kind = kind;
  }
}

/** Shorthand for the commonest kind. */
export function inputError(message: string, options?: ErrorOptions): DeliveryError {
  return new DeliveryError("input", message, options);
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A failed connection is an AggregateError with an empty message; its code is what helps.
  return error.message || String((error as NodeJS.ErrnoException).code ?? error.name);
}
