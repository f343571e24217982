/** Values that must not be written down, found in a request; masks them wherever else they occur. */
export class Secrets {
  readonly #needles = new Set<string>();

  /** Takes a value; also in the forms in which it may come back: as part of JSON, of a URL, or without its scheme ("Bearer"). */
  add(value: string): void {
    for (const part of [value, value.slice(value.indexOf(" ") + 1)]) {
      // To mask a short one would mask everything.
      if (part.length < minLength) continue;
      for (const form of [part, JSON.stringify(part).slice(1, -1), encodeURIComponent(part)]) this.#needles.add(form);
    }
  }

  /** A copy of the message in which every secret is as many "*": lengths, and so frames in Arrow, stay sound. */
  mask(value: unknown): unknown {
    if (this.#needles.size === 0) return value;
    if (typeof value === "string") return this.maskText(value);
    if (value instanceof Uint8Array) return this.#maskBytes(value);
    if (Array.isArray(value)) return value.map((item) => this.mask(item));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, this.mask(member)]));
  }

  maskText(text: string): string {
    let masked = text;
    for (const needle of this.#needles) masked = masked.replaceAll(needle, "*".repeat(needle.length));
    return masked;
  }

  #maskBytes(bytes: Uint8Array): Uint8Array {
    const masked = Buffer.from(bytes);
    for (const needle of this.#needles) {
      const length = Buffer.byteLength(needle);
      for (let at = masked.indexOf(needle); at >= 0; at = masked.indexOf(needle, at + length)) masked.fill("*", at, at + length);
    }
    return new Uint8Array(masked.buffer, masked.byteOffset, masked.length);
  }
}

const minLength = 5;
