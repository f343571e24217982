import { CelIssue } from "./cel-issue.js";

export const minInt = -(2n ** 63n);
export const maxInt = 2n ** 63n - 1n;
export const maxUint = 2n ** 64n - 1n;

/** An integer literal. Throws a CelIssue when it does not fit into 64 bits. */
export function intOf(sign: "" | "-", text: string, at: number): bigint {
  const value = sign === "-" ? -BigInt(text) : BigInt(text);
  if (value < minInt || value > maxInt) throw new CelIssue("invalid int literal", at);
  return value;
}

export function uintOf(text: string, at: number): bigint {
  const value = BigInt(text.slice(0, -1));
  if (value > maxUint) throw new CelIssue("invalid uint literal", at);
  return value;
}

export function doubleOf(text: string, at: number): number {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new CelIssue("invalid double literal", at);
  return value;
}
