/**
 * Reads the file a step wrote its outputs to: `name=value` lines, and `name<<MARK`, the lines of the value, `MARK`.
 *
 * @throws where a line is neither, or a value is not ended: half an output is worse than none
 */
export function parseOutputs(text: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  const lines = text.split(/\r?\n/);
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    if (line === "") continue;
    const { name, separator, rest } = /^(?<name>[^=<]+?)(?<separator>=|<<)(?<rest>.*)$/.exec(line)?.groups ?? {};
    if (name === undefined || rest === undefined) {
      throw new Error(`Line ${index + 1} of the step's outputs is not \`name=value\` or \`name<<MARK\`.`);
    }
    if (separator === "=") {
      outputs[name] = rest;
      continue;
    }
    const end = lines.indexOf(rest, index + 1);
    if (rest === "" || end < 0) throw new Error(`Output \`${name}\` has no end: no line holds its mark alone.`);
    outputs[name] = lines.slice(index + 1, end).join("\n");
    index = end;
  }
  return outputs;
}
