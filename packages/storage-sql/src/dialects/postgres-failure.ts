import type { SqlFailure } from "../network/network-dialect.js";

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const repeatable: ReadonlySet<string> = new Set(["40001", "40P01", "55P03", "57014"]);
// The server ends the connection, or takes none: it stops, starts, has too many, or does not know us.
const lost = /^(?:08...|28...|57P0.|25P03|53300|3D000)$/;
const sqlState = /^[0-9A-Z]{5}$/;
// What the library says by text alone.
const lostTexts = ["Connection terminated", "Client has encountered", "Client was closed", "timeout expired", "server does not support SSL"];

/** What an error of the library `pg` means. */
export function postgresFailure(error: unknown): SqlFailure {
  if (!(error instanceof Error)) return "other";
  const code: unknown = Reflect.get(error, "code");
  if (typeof code !== "string") return lostTexts.some((text) => error.message.includes(text)) ? "lost" : "other";
  // Of the socket or of TLS, such as ECONNREFUSED or CERT_HAS_EXPIRED. A severity is what only the database itself sends.
  if (!sqlState.test(code) || !Reflect.has(error, "severity")) return "lost";
  if (repeatable.has(code)) return "repeat";
  if (code === "25006") return "read-only";
  if (code === "53100") return "full";
  return lost.test(code) ? "lost" : "other";
}
