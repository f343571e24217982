import type { SqlValue } from "../network/network-dialect.js";

/**
 * The statement with each `?` replaced by its value as a literal. Text and bytes become hexadecimal, so that no value can be taken for SQL,
 * whatever the server's modes and character sets are; one round trip and no prepared statement, of which servers have few.
 */
export function withLiterals(sql: string, values: readonly SqlValue[]): string {
  const parts = sql.split("?");
  if (parts.length !== values.length + 1) throw new Error(`the statement has ${String(parts.length - 1)} places for ${String(values.length)} values`);
  let text = parts[0] ?? "";
  for (const [index, value] of values.entries()) text += literal(value) + (parts[index + 1] ?? "");
  return text;
}

function literal(value: SqlValue): string {
  if (value === null) return "NULL";
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${String(value)} is no whole number`);
    return String(value);
  }
  const bytes = typeof value === "string" ? Buffer.from(value) : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return `X'${bytes.toString("hex")}'`;
}
