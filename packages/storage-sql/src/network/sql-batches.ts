import type { SqlStatement, SqlValue } from "./network-dialect.js";

// A database prepares each text once: with powers of two there are few texts.
const largestGroup = 256;

/**
 * One statement for each group of rows. Groups have a power of two of rows, so that the texts repeat, and values of at most `maxBytes` together (a row
 * alone may have more).
 */
export function inGroups(rows: readonly (readonly SqlValue[])[], sqlOf: (rows: number) => string, maxBytes = Infinity): readonly SqlStatement[] {
  const statements: SqlStatement[] = [];
  for (let start = 0; start < rows.length; ) {
    const count = groupSize(rows, start, maxBytes);
    statements.push({ sql: sqlOf(count), values: rows.slice(start, start + count).flat() });
    start += count;
  }
  return statements;
}

/** The same for statements to which a value that comes twice means no more than once: one statement for up to 256, filled up with the last. */
export function inPaddedGroups(values: readonly SqlValue[], sqlOf: (values: number) => string): readonly SqlStatement[] {
  const statements: SqlStatement[] = [];
  for (let start = 0; start < values.length; start += largestGroup) {
    const group = values.slice(start, start + largestGroup);
    const size = 2 ** Math.ceil(Math.log2(group.length));
    const last = group.at(-1) ?? null;
    statements.push({ sql: sqlOf(size), values: [...group, ...Array.from({ length: size - group.length }, () => last)] });
  }
  return statements;
}

function groupSize(rows: readonly (readonly SqlValue[])[], start: number, maxBytes: number): number {
  let size = 1;
  let bytes = bytesOf(rows.slice(start, start + 1));
  while (size * 2 <= Math.min(largestGroup, rows.length - start)) {
    bytes += bytesOf(rows.slice(start + size, start + size * 2));
    if (bytes > maxBytes) break;
    size *= 2;
  }
  return size;
}

const bytesOf = (rows: readonly (readonly SqlValue[])[]): number =>
  rows.reduce((sum, row) => sum + row.reduce<number>((own, value) => own + (value instanceof Uint8Array ? value.byteLength : 16), 0), 0);
