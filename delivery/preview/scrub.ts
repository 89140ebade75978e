import { readFile } from "node:fs/promises";

/** Shorter values would take half of any text with them. */
const SHORTEST = 8;

/** Names of variables whose values nobody must see. */
const SECRET_NAME =
  /SECRET|TOKEN|PASSW|PASSPHRASE|CREDENTIAL|API_?KEY|ACCESS_KEY|PRIVATE_KEY|IDENTITY_HEADER|SAS|CONNECTION_STRING/i;

/** The secrets that this process knows: values of variables that are named as one, and what is in the files they name. */
export async function knownSecrets(environment: Readonly<Record<string, string | undefined>>): Promise<string[]> {
  const named = Object.entries(environment).filter(([name, value]) => SECRET_NAME.test(name) && value);
  const values = named.map(async ([name, value = ""]) => {
    if (/(_URL|_PATH)$/i.test(name)) return "";
    return /_FILE$/i.test(name) ? readFile(value, "utf8").catch(() => "") : value;
  });
  return Promise.all(values);
}

/**
 * Gives a function that puts `***` where a secret stands in a text: as it is, in base64 and base64url (alone or within
 * more), hexadecimal, URL-encoded, JSON-escaped, reversed. Values under eight characters are no secrets.
 */
export function scrubber(secrets: readonly string[]): (text: string) => string {
  const whole = secrets.flatMap((secret) => [secret, secret.trim(), ...secret.split(/\r?\n/)]);
  const forms = new Set(whole.filter((text) => text.length >= SHORTEST).flatMap(formsOf));
  // Longest first: a secret that begins with another one must not leave its end in sight.
  const sorted = [...forms].filter((form) => form.length >= SHORTEST).sort((a, b) => b.length - a.length);
  return (text) => sorted.reduce((hidden, form) => hidden.replaceAll(form, "***"), text);
}

function formsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  const hex = bytes.toString("hex");
  const escaped = JSON.stringify(text).slice(1, -1);
  return [
    ...[text, escaped, JSON.stringify(escaped).slice(1, -1), [...text].reverse().join("")],
    ...[hex, hex.toUpperCase(), encodeURIComponent(text), new URLSearchParams({ "": text }).toString().slice(1)],
    ...inBase64(bytes),
  ];
}

/** Within longer base64 it stands at one of three offsets; the letters at its ends depend on its neighbours. */
function inBase64(bytes: Buffer): string[] {
  const forms = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
    return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
  });
  return forms.flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]);
}
