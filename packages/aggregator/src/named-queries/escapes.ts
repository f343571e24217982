import { jsonLanguage, type Language, type PlaceLookup, placesIn, promqlLanguage, type Quote } from "./quoted-places.js";
import { sqlLanguage } from "./sql-language.js";

interface Writer {
  /** Tells which quotes a place is in. */
  readonly language: Language;
  /** The quote that the place must be in: outside of it, or in another one, no way of writing a text would be safe. */
  readonly quote: Quote;
  /** Undefined for a text that cannot be written there. */
  readonly write: (text: string) => string | undefined;
}

const writers = {
  // RFC 8259.
  "json-string": { language: jsonLanguage, quote: '"', write: (text) => JSON.stringify(text).slice(1, -1) },
  // PromQL and LogQL, which escape as Go does.
  "promql-string": { language: promqlLanguage, quote: '"', write: inDoubleQuotes },
  // A regular expression of theirs, in which the text stands for itself.
  "promql-regex": {
    ...{ language: promqlLanguage, quote: '"' },
    write: (text) => inDoubleQuotes(text.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&")),
  },
  // Some databases take a backslash for the next character's escape, others for itself: neither is safe.
  "sql-string": {
    ...{ language: sqlLanguage, quote: "'" },
    write: (text) => (/[\\\0]/.test(text) ? undefined : text.replaceAll("'", "''")),
  },
} as const satisfies Record<string, Writer>;

/** How a text may be written inside another: each keeps it from ending the quotes that it is in. */
export type Escape = keyof typeof writers;
export const escapes = ["json-string", "promql-string", "promql-regex", "sql-string"] as const satisfies readonly Escape[];

/** The text as it is written there; undefined for one that cannot be. */
export const escaped = (text: string, escape: Escape): string | undefined => writers[escape].write(text);

/** Where the places of a text stand, read in the language that the escape is for. */
export const placesFor = (escape: Escape, text: string): PlaceLookup => placesIn(text, writers[escape].language);

/** The quote that a place must be in. */
export const quoteOf = (escape: Escape): Quote => writers[escape].quote;

// Every quote by its number, so that a text would not end another kind of string either.
function inDoubleQuotes(text: string): string {
  const numbered: Readonly<Record<string, string>> = { "\\b": "\\u0008", "\\f": "\\u000c", '\\"': "\\u0022", "'": "\\u0027", "`": "\\u0060" };
  return JSON.stringify(text)
    .slice(1, -1)
    .replace(/\\[\s\S]|['`]/g, (found) => numbered[found] ?? found);
}
