/** Why a text is no usable CEL: found while it is read or checked, never while it runs. */
export class CelIssue extends Error {
  /** Offset into the text, in UTF-16 units. */
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.name = "CelIssue";
    this.at = at;
  }
}

const longestSnippet = 16_384;

/** The issues as cel-go prints them: the place, the message, and the line with a mark below it. */
export const displayIssues = (source: string, issues: readonly CelIssue[]): string =>
  issues
    .toSorted((a, b) => a.at - b.at)
    .map((issue) => displayIssue(source, issue))
    .join("\n");

function displayIssue(source: string, { at, message }: CelIssue): string {
  const before = source.slice(0, at).split("\n");
  const column = Array.from(before.at(-1) ?? "").length;
  const place = `ERROR: <input>:${before.length}:${column + 1}: ${message}`;
  const line = Array.from((source.split("\n")[before.length - 1] ?? "").replaceAll("\t", " "));
  if (line.length > longestSnippet) return place;
  const dots = line.slice(0, column).map((character) => (isWide(character) ? "．" : "."));
  const mark = isWide(line[column] ?? "") ? "＾" : "^";
  return `${place}\n | ${line.join("")}\n | ${dots.join("")}${mark}`;
}

const isWide = (character: string): boolean => (character.codePointAt(0) ?? 0) > 0x7f;
