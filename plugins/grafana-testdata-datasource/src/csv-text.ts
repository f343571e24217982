import { BadRequestError } from "@dataplane/plugin-sdk";

/** The records of a CSV text (RFC 4180: quoted fields may hold commas, quotes and line ends). Empty lines are left out. */
export function parseCsv(text: string): readonly (readonly string[])[] {
  const records: string[][] = [];
  let record: string[] = [];
  let at = 0;
  while (at < text.length) {
    const { value, end } = text[at] === '"' ? quotedField(text, at) : plainField(text, at);
    record.push(value);
    at = end;
    const separator = text[at];
    if (separator === ",") {
      at += 1;
      // A comma at the very end leaves one more, empty field.
      if (at === text.length) record.push("");
      continue;
    }
    if (separator !== undefined && separator !== "\r" && separator !== "\n") throw new BadRequestError("csvContent has text after a closing quote");
    if (separator === "\r" && text[at + 1] === "\n") at += 1;
    at += 1;
    records.push(record);
    record = [];
  }
  if (record.length > 0) records.push(record);
  return records.filter((fields) => fields.length > 1 || fields[0] !== "");
}

function plainField(text: string, start: number): { readonly value: string; readonly end: number } {
  let end = start;
  while (end < text.length && text[end] !== "," && text[end] !== "\n" && text[end] !== "\r") end += 1;
  return { value: text.slice(start, end).trim(), end };
}

function quotedField(text: string, start: number): { readonly value: string; readonly end: number } {
  let value = "";
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) throw new BadRequestError("csvContent has a quoted field without an end");
    value += text.slice(at, quote);
    if (text[quote + 1] !== '"') return { value, end: quote + 1 };
    value += '"';
    at = quote + 2;
  }
}
