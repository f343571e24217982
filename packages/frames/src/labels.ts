import { FrameError } from "./frame-error.js";
import { quotePlain } from "./go-text.js";

/** Labels as JSON: keys in the order of their UTF-8 bytes. */
export function printLabels(labels: Iterable<readonly [string, string]>): string {
  const sorted = [...labels].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${sorted.map(([key, value]) => `${quotePlain(key)}:${quotePlain(value)}`).join(",")}}`;
}

/** Labels from the JSON of Arrow metadata; `null` is no labels. */
export function respellLabels(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FrameError("field labels are not well-formed JSON");
  }
  if (value === null) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) throw new FrameError("field labels are not a JSON object");
  return printLabels(
    Object.entries(value).map(([key, label]: [string, unknown]) => {
      if (label !== null && typeof label !== "string") throw new FrameError(`label ${JSON.stringify(key)} is not a string`);
      return [key, label ?? ""] as const;
    }),
  );
}
