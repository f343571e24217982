/** A quote that a text stands in. */
export type Quote = '"' | "'" | "`";

/** Why a text cannot be read with certainty from some character on. */
export interface Doubt {
  readonly doubt: string;
}

/** How a query language tells its strings from the rest. */
export interface Language {
  /** Outside of all strings, at no quote: the index after what begins there, a comment or one character. */
  readonly beyond: (text: string, at: number) => number | Doubt;
  /** At a quote that begins a string: the index of the quote that ends it; the text's length when none does. */
  readonly close: (text: string, at: number) => number | Doubt;
}

/** Which quotes the character at an index stands in; undefined for none. A string that nothing ends is none. */
export type PlaceLookup = (index: number) => Quote | Doubt | undefined;

const mark = "${";

/** Where the placeholders of a text stand. One pass, however many there are; nothing behind a doubt is known. */
export function placesIn(text: string, language: Language): PlaceLookup {
  const places = new Map<number, Quote | Doubt>();
  let at = 0;
  while (at < text.length) {
    const quote = quoteFrom(text[at]);
    const end = quote === undefined ? language.beyond(text, at) : language.close(text, at);
    if (typeof end !== "number") {
      const from = at;
      return (index) => places.get(index) ?? (index < from ? undefined : end);
    }
    if (quote !== undefined && end < text.length) notePlaces(places, { text, quote, from: at, to: end });
    at = quote === undefined ? end : end + 1;
  }
  return (index) => places.get(index);
}

interface StringPart {
  readonly text: string;
  readonly quote: Quote;
  readonly from: number;
  readonly to: number;
}

function notePlaces(places: Map<number, Quote | Doubt>, { text, quote, from, to }: StringPart): void {
  for (let at = text.indexOf(mark, from); at >= 0 && at < to; at = text.indexOf(mark, at + 1)) {
    // A backslash would take the first character of the value along, and so undo its escape.
    places.set(at, isEscaped(text, at) ? { doubt: "a backslash is right before it" } : quote);
  }
}

/** True behind an odd number of backslashes. */
export function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text[before - 1] === "\\") before -= 1;
  return (at - before) % 2 === 1;
}

const quoteFrom = (character: string | undefined): Quote | undefined =>
  character === '"' || character === "'" || character === "`" ? character : undefined;

/** Strings end as Go's and JSON's do: a backslash takes the next character along, but in backticks. */
function goClose(text: string, at: number): number {
  const quote = text[at] ?? "";
  let end = text.indexOf(quote, at + 1);
  while (end >= 0 && quote !== "`" && isEscaped(text, end)) end = text.indexOf(quote, end + 1);
  return end < 0 ? text.length : end;
}

/** JSON knows no comments. */
export const jsonLanguage: Language = { beyond: (_text, at) => at + 1, close: goClose };

/** PromQL and LogQL: `#` begins a comment (https://prometheus.io/docs/prometheus/latest/querying/basics/#comments). */
export const promqlLanguage: Language = { beyond: (text, at) => (text[at] === "#" ? endOfLine(text, at) : at + 1), close: goClose };

export function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}
