/** A line of progress every few seconds, and one at the end: enough to see that work goes on, few enough for a log. */
export function createProgress(say: (line: string) => void, what: string): (done: number, total: number) => void {
  let last = Date.now();
  return (done, total) => {
    if (done < total && Date.now() - last < 2000) return;
    last = Date.now();
    say(`${done} of ${total} ${what}`);
  };
}
