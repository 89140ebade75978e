/**
 * The Pulumi SDK notes a stack trace with every promise and maps each of its lines through source maps: a third of the
 * time of a preview. Node strips types in place, so the lines of this program are right without a map; and the traces of
 * promises are shown to nobody who has not asked for them.
 */
const debugsPromises = process.env["PULUMI_DEBUG_PROMISE_LEAKS"] !== undefined;

Error.prepareStackTrace = (error, frames) => {
  if (!debugsPromises && frames[0]?.getFunctionName() === "debuggablePromise") return "";
  return [error, ...frames].join("\n    at ");
};
