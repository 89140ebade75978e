/**
 * Preloaded (`--import`) by the processes that the engine or the language host starts. The engine ends its plugins
 * when it ends in good order; after a kill -9 nobody does, and a program left behind holds ports and files. Plain
 * JavaScript, because it is loaded before everything else at every preview.
 */
const parent = process.ppid;
const EVERY_MS = 250;

const timer = setInterval(() => {
  if (process.ppid !== parent) process.exit(1);
}, EVERY_MS);
// The watch alone must not keep a finished program alive.
timer.unref();
