/** Each secret is another text, so that a leak says whose it is. Nothing else contains the word. */
export const canaryWord = "c4nary";
export const canaryOf = (field: string): string => `${canaryWord}-${field}`;

/** As texts and as bytes they travel in: URL and hex, and base64 at each of its three offsets. */
export function formsOf(secret: string): readonly string[] {
  const shifted = [0, 1, 2].map((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
    return bytes.toString("base64").slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6));
  });
  return [...new Set([secret, encodeURIComponent(secret), Buffer.from(secret).toString("hex"), ...shifted])];
}

export interface Leak {
  readonly place: string;
  /** The form of the secret that was found. */
  readonly form: string;
  /** What stands around it. */
  readonly around: string;
}

/** Where any of the secrets stands in any of its forms, once for each form. */
export function leaksOf(places: ReadonlyMap<string, string>, secrets: readonly string[]): readonly Leak[] {
  const forms = [...new Set(secrets.flatMap(formsOf))];
  return [...places].flatMap(([place, text]) =>
    forms.flatMap((form) => {
      const at = text.indexOf(form);
      return at < 0 ? [] : [{ place, form, around: text.slice(Math.max(0, at - 60), at + form.length + 40) }];
    }),
  );
}
