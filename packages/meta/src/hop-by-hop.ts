import type { Headers } from "./http.js";

const always = [
  ...["connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding"],
  ...["upgrade", "http2-settings"],
];

/** Names of the headers that are of one connection only, in either direction: RFC 9110 7.6.1, and what Connection lists. */
export function hopByHopNames(headers: Headers): ReadonlySet<string> {
  const named = [headers["connection"] ?? []].flat().flatMap((value) => value.split(","));
  return new Set([...always, ...named.map((name) => name.trim().toLowerCase())]);
}
