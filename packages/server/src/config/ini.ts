/** One `key = value` of an INI file, with the line it stands on. */
export interface IniEntry {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

/** A line that is neither a section, a comment nor a `key = value`. */
export class IniError extends Error {
  override readonly name = "IniError";
}

/**
 * Reads the INI dialect of Grafana's configuration: `[section.with.dots]`, `;` and `#` comments (after a value only behind a
 * blank, so that `pass=a;b#c` keeps its text), values in double quotes, backquotes or `"""` over several lines.
 */
export function parseIni(text: string, file: string): readonly IniEntry[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const entries: IniEntry[] = [];
  let section = "";
  let next = 0;
  while (next < lines.length) {
    const index = next++;
    const line = (lines[index] ?? "").trim();
    if (line === "" || line.startsWith(";") || line.startsWith("#")) continue;
    if (line.startsWith("[")) {
      section = sectionName(line, file, index + 1);
      continue;
    }
    const { key, raw } = keyAndValue(line, file, index + 1);
    const isLong = raw.startsWith('"""');
    const { value, last } = isLong ? tripleQuoted(lines, index, raw, file) : { value: plainValue(raw), last: index };
    entries.push({ section, key, value, line: index + 1 });
    next = last + 1;
  }
  return entries;
}

function keyAndValue(line: string, file: string, number: number): { readonly key: string; readonly raw: string } {
  const equals = line.indexOf("=");
  if (equals < 1) throw new IniError(`${file}:${number}: expected "key = value", found ${JSON.stringify(line)}`);
  return { key: line.slice(0, equals).trim(), raw: line.slice(equals + 1).trim() };
}

function sectionName(line: string, file: string, number: number): string {
  const end = line.indexOf("]");
  if (end < 2) throw new IniError(`${file}:${number}: expected "[section]", found ${JSON.stringify(line)}`);
  return line.slice(1, end).trim();
}

function tripleQuoted(lines: readonly string[], first: number, raw: string, file: string): { value: string; last: number } {
  let rest = raw.slice(3);
  const parts: string[] = [];
  for (let index = first; ; ) {
    const end = rest.indexOf('"""');
    if (end >= 0) return { value: [...parts, rest.slice(0, end)].join("\n"), last: index };
    parts.push(rest);
    index++;
    const next = lines[index];
    if (next === undefined) throw new IniError(`${file}:${first + 1}: the value's closing """ is missing`);
    rest = next;
  }
}

function plainValue(raw: string): string {
  const quote = raw[0];
  if (quote === '"' || quote === "`") {
    const end = raw.indexOf(quote, 1);
    if (end > 0) return raw.slice(1, end);
  }
  for (let index = 0; index < raw.length; index++) {
    const here = raw[index];
    const before = raw[index - 1];
    if ((here === ";" || here === "#") && (before === undefined || before === " " || before === "\t")) return raw.slice(0, index).trim();
  }
  return raw;
}
