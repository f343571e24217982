import type { CustomTypesConfig } from "pg";

// Numbers of types: https://www.postgresql.org/docs/current/catalog-pg-type.html
const bytea = 17;
const numbers: ReadonlySet<number> = new Set([20, 21, 23]);

/** Revisions and times are numbers below 2^53. The library gives values as text only: it spoils those that come in binary. What we do not store stays text. */
export const postgresTypes: CustomTypesConfig = {
  getTypeParser: (type: number) => {
    if (type === bytea) return (text: string) => Buffer.from(text.slice("\\x".length), "hex");
    return numbers.has(type) ? Number : String;
  },
};
