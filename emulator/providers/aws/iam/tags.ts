import { isObject, type Properties, type Value } from "../../values.ts";
import { element, members, type QueryApi } from "../query-api.ts";

/** Tags as IAM's form has them: `Tags.member.1.Key` and so on. */
export function tagFields(tags: Value | undefined): Record<string, string> {
  const entries = isObject(tags) ? Object.entries(tags) : [];
  return Object.fromEntries(
    entries.flatMap(([key, value], index) => [
      [`Tags.member.${index + 1}.Key`, key],
      [`Tags.member.${index + 1}.Value`, String(value)],
    ]),
  );
}

/** A list as IAM's form has it: `<name>.member.1` and so on. */
export function listFields(name: string, list: Value | undefined): Record<string, string> {
  const items: readonly Value[] = Array.isArray(list) ? list : [];
  return Object.fromEntries(items.map((item, index) => [`${name}.member.${index + 1}`, String(item)]));
}

/** The tags in an answer; undefined where there are none, as a program without tags has it. */
export function tagsIn(answer: string): Properties | undefined {
  const pairs = members(answer, "Tags").map((tag) => [element(tag, "Key") ?? "", element(tag, "Value") ?? ""]);
  return pairs.length === 0 ? undefined : Object.fromEntries(pairs);
}

/** What is tagged: IAM's word for it (`Role`) and how it is named. */
export interface Tagged {
  readonly noun: string;
  readonly name: Readonly<Record<string, string>>;
}

/** Makes the tags those of the program. */
export async function changeTags(
  iam: QueryApi,
  { noun, name }: Tagged,
  old: Value | undefined,
  next: Value | undefined,
): Promise<void> {
  const [before, after] = [isObject(old) ? old : {}, isObject(next) ? next : {}];
  const gone = Object.keys(before).filter((key) => after[key] === undefined);
  const set = Object.fromEntries(Object.entries(after).filter(([key, value]) => before[key] !== value));
  if (gone.length > 0) await iam.call(`Untag${noun}`, { ...name, ...listFields("TagKeys", gone) });
  if (Object.keys(set).length > 0) await iam.call(`Tag${noun}`, { ...name, ...tagFields(set) });
}
