import type { Headers } from "@dataplane/meta";

const always = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Names of the headers that are of one connection only: RFC 9110 7.6.1, and what Connection lists. */
export function hopByHopNames(headers: Headers): ReadonlySet<string> {
  const { connection = [] } = headers;
  const named = (typeof connection === "string" ? [connection] : connection).flatMap((value) => value.split(","));
  return new Set([...always, "http2-settings", ...named.map((name) => name.trim().toLowerCase())]);
}

/** Whether HTTP can carry it (RFC 9110 5.1, 5.5): what has a line break or NUL would be another header, or another request. */
export const isHeader = (name: string, value: string): boolean => /^[\w!#$%&'*+.^`|~-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
