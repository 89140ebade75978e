/**
 * Progress of a stage on stdout, `<stage> <n>/<total> <seconds> s`: at most a line a second, and always the last. Returns
 * the function to call with how many are done.
 */
export function startProgress(stage: string, total: number): (done: number) => void {
  const started = performance.now();
  let printed = started;
  return (done) => {
    const now = performance.now();
    if (done < total && now - printed < 1000) return;
    printed = now;
    console.log(`${stage} ${done}/${total} ${((now - started) / 1000).toFixed(1)} s`);
  };
}
