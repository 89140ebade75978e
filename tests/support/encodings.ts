/** The forms in which a secret is looked for, by name. A masked log usually hides only the first. */
export function encodings(secret: string): Readonly<Record<string, readonly string[]>> {
  const bytes = Buffer.from(secret);
  return {
    raw: [secret],
    base64: inBase64(bytes),
    base64url: inBase64(bytes).map((text) => text.replaceAll("+", "-").replaceAll("/", "_")),
    hex: [bytes.toString("hex"), bytes.toString("hex").toUpperCase()],
    "URL-encoded": [encodeURIComponent(secret)],
    "JSON-escaped": [JSON.stringify(secret).slice(1, -1), JSON.stringify(JSON.stringify(secret)).slice(3, -3)],
    reversed: [[...secret].reverse().join("")],
  };
}

/** As it stands in longer base64, at each of three offsets, without the characters at its ends that others share. */
function inBase64(bytes: Buffer): string[] {
  return [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
    return text.slice(offset === 0 ? 0 : offset + 1, Math.floor(((offset + bytes.length) * 8) / 6));
  });
}

/** Where one of the secrets stands in one of the texts, in whatever form: `staging's key as base64 in the preview`. */
export function leaks(secrets: Readonly<Record<string, string>>, texts: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets).flatMap(([what, secret]) =>
    Object.entries(encodings(secret)).flatMap(([form, words]) =>
      Object.entries(texts).flatMap(([where, text]) =>
        words.some((word) => text.includes(word)) ? [`${what} as ${form} in ${where}`] : [],
      ),
    ),
  );
}
