import { FrameError } from "./frame-error.js";
import { padExponent, quoteHtmlSafe } from "./go-text.js";

/** Order of the keys of `FrameMeta` in Go's SDK. */
export const META_KEYS: readonly string[] = [
  "type",
  "typeVersion",
  "path",
  "pathSeparator",
  "custom",
  "stats",
  "notices",
  "channel",
  "preferredVisualisationType",
  "preferredVisualisationPluginId",
  "executedQueryString",
  "dataTopic",
  "uniqueRowIdFields",
];

/** Order of the keys of `FieldConfig` in Go's SDK. */
export const CONFIG_KEYS: readonly string[] = [
  "displayName",
  "displayNameFromDS",
  "path",
  "description",
  "filterable",
  "writeable",
  "unit",
  "decimals",
  "min",
  "max",
  "interval",
  "mappings",
  "thresholds",
  "color",
  "links",
  "noValue",
  "type",
  "custom",
];

/** End of the string that begins at `start` of well-formed JSON. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
  return i + 1;
}

function isNumberCharacter(character: string | undefined): boolean {
  return character !== undefined && "+-.eE0123456789".includes(character);
}

/** Lone surrogates of `\ud800` escapes become U+FFFD, as in Go's decoder. */
function decodeString(token: string): string {
  const value: unknown = JSON.parse(token);
  return typeof value === "string" ? value : "";
}

/** Spells out well-formed JSON again as Go prints it: no white space, Go's escapes and exponents; digits and order are kept. */
class Respeller {
  readonly members = new Map<string, string>();
  #key: string | undefined;
  #piece = "";
  #depth = 0;

  run(text: string): void {
    let i = 0;
    while (i < text.length) i = this.#token(text, i);
  }

  #token(text: string, i: number): number {
    const c = text.charAt(i);
    if (c === '"') return this.#string(text, i);
    if (c === "-" || (c >= "0" && c <= "9")) {
      let end = i + 1;
      while (isNumberCharacter(text[end])) end++;
      this.#piece += padExponent(text.slice(i, end));
      return end;
    }
    if (c !== " " && c !== "\n" && c !== "\r" && c !== "\t") this.#mark(c);
    return i + 1;
  }

  #string(text: string, start: number): number {
    const end = endOfString(text, start);
    const value = decodeString(text.slice(start, end));
    if (this.#depth === 1 && this.#key === undefined) this.#key = value;
    else this.#piece += quoteHtmlSafe(value);
    return end;
  }

  #mark(c: string): void {
    if (c === "}" || c === "]") this.#depth--;
    const endsMember = (this.#depth === 0 && c === "}") || (this.#depth === 1 && c === ",");
    if (endsMember) this.#finish();
    else if (this.#depth > 0 && !(this.#depth === 1 && c === ":" && this.#piece === "")) this.#piece += c;
    if (c === "{" || c === "[") this.#depth++;
  }

  #finish(): void {
    if (this.#key !== undefined) this.members.set(this.#key, this.#piece);
    this.#key = undefined;
    this.#piece = "";
  }
}

function parseObject(text: string, what: string): Map<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FrameError(`${what} is not well-formed JSON`);
  }
  if (value === null) return new Map();
  if (typeof value !== "object" || Array.isArray(value)) throw new FrameError(`${what} is not a JSON object`);
  const respeller = new Respeller();
  respeller.run(text);
  return respeller.members;
}

function printMembers(members: ReadonlyMap<string, string>, order: readonly string[]): string {
  const known = order.filter((key) => members.has(key));
  const foreign = [...members.keys()].filter((key) => !order.includes(key));
  return `{${[...known, ...foreign].map((key) => `${quoteHtmlSafe(key)}:${members.get(key) ?? "null"}`).join(",")}}`;
}

/** `meta` of a frame from JSON text: Go's keys in Go's order, then what Go does not know; `typeVersion` is always there. */
export function respellMeta(text: string): string {
  const members = parseObject(text, "frame meta");
  if (!members.has("typeVersion")) members.set("typeVersion", "[0,0]");
  return printMembers(members, META_KEYS);
}

/** `config` of a field from JSON text: Go's keys in Go's order, then what Go does not know. */
export function respellConfig(text: string): string {
  return printMembers(parseObject(text, "field config"), CONFIG_KEYS);
}
