/** How a text may be written inside another: each keeps it from ending what it is in. */
export const escapes = ["json-string", "promql-string", "promql-regex", "sql-string", "regex"] as const;
export type Escape = (typeof escapes)[number];

const writers: Readonly<Record<Escape, (text: string) => string | undefined>> = {
  // Between double quotes of JSON (RFC 8259).
  "json-string": (text) => JSON.stringify(text).slice(1, -1),
  // Between double quotes of PromQL or LogQL, which escape as Go does.
  "promql-string": inDoubleQuotes,
  // A regular expression between double quotes of PromQL or LogQL, in which the text stands for itself.
  "promql-regex": (text) => inDoubleQuotes(quotedRegex(text)),
  // Between single quotes of SQL. Some databases take a backslash for the next character's escape, others for itself: neither is safe.
  "sql-string": (text) => (/[\\\0]/.test(text) ? undefined : text.replaceAll("'", "''")),
  // A regular expression in which the text stands for itself.
  regex: quotedRegex,
};

/** The text as it is written there; undefined for one that cannot be. */
export const escaped = (text: string, escape: Escape): string | undefined => writers[escape](text);

function inDoubleQuotes(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replace(/\\([bf])/g, (_all, letter: string) => (letter === "b" ? "\\u0008" : "\\u000c"));
}

function quotedRegex(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&");
}
