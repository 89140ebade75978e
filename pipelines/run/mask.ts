/** Hides secrets in whatever is shown. Secrets are added as jobs learn them; the mask never forgets one. */
export interface Mask {
  add(secret: string): void;
  /** The text with every known secret replaced by `***`, whichever of its usual encodings it stands in. */
  hide(text: string): string;
}

export function createMask(): Mask {
  const forms = new Set<string>();
  let sorted: readonly string[] = [];
  return {
    add(secret) {
      for (const form of encodings(secret)) forms.add(form);
      // Longest first: a secret that begins with another one must not leave its end in sight.
      sorted = [...forms].sort((a, b) => b.length - a.length);
    },
    hide(text) {
      return sorted.reduce((hidden, form) => hidden.replaceAll(form, "***"), text);
    },
  };
}

/** As it is, its lines (output is shown by line), base64, base64url, URL-encoded, JSON-escaped, hexadecimal. */
function encodings(secret: string): string[] {
  const texts = [secret, secret.trim(), ...secret.split(/\r?\n/).map((line) => line.trim())].filter(
    (text) => text !== "",
  );
  return texts.flatMap((text) => {
    const bytes = Buffer.from(text);
    return [
      text,
      ...base64(bytes),
      bytes.toString("hex"),
      encodeURIComponent(text),
      new URLSearchParams({ "": text }).toString().slice(1),
      JSON.stringify(text).slice(1, -1),
    ];
  });
}

/**
 * Base64 of the bytes alone and inside a longer text. There, a letter at either end also depends on the neighbours, so
 * the three alignments are taken without the letters that are shared.
 */
function base64(bytes: Buffer): string[] {
  const inside = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const first = Math.ceil((shift * 8) / 6);
    const last = Math.floor(((shift + bytes.length) * 8) / 6);
    return text.slice(first, last);
  });
  // A few letters would hide half of any text; what short secrets leave is the plain and padded forms.
  const forms = [bytes.toString("base64"), ...inside.filter((text) => text.length >= 8)];
  return forms.flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")]);
}
