/** What differs from run to run, from server to server, and by the clock, with the mark that stands for it. */
const patterns: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uid>"],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, "<time>"],
  [/[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, "<time>"],
  [/(?<=resourceVersion"?: ?")\d+(?=")/g, "<version>"],
  [/(?<=Resource Version: {2})\d+/g, "<version>"],
  [/https?:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):\d+/g, "<server>"],
  [/(?<=^| {2})(?:\d+[smhdy]){1,2}(?= {2}|$)/g, "<age>"],
  [/(?<=^| {2})(?:\d+[smhdy]){1,2} \(x\d+ over (?:\d+[smhdy]){1,2}\)/g, "<age>"],
  [/(?<=^[EIW])\d{4} [\d:.]+ +\d+/g, "<time>"],
  [/\/tmp\/[\w./-]+/g, "<file>"],
];

/**
 * The same text for the same answer. Runs of spaces within a line count as two: kubectl makes columns as wide as what is masked in
 * them, and how wide they are is its own affair.
 */
export function masked(text: string, only?: RegExp): string {
  const lines = text.split("\n").map((line) => {
    const narrow = line.trimEnd().replace(/(?<=[^ ]) {2,}/g, "  ");
    return patterns.reduce((rest, [pattern, mark]) => rest.replace(pattern, mark), narrow);
  });
  return (only === undefined ? lines : lines.filter((line) => only.test(line))).join("\n").trim();
}
