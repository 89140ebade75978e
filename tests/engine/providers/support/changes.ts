/** The lines of a `--diff` that say what changes, without their indentation: `~ a: "one" => "two"`. */
export function changedLines(output: string): string[] {
  return output
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => /^[~+-] /.test(line) && !/^[~+-] \d+ to /.test(line));
}
