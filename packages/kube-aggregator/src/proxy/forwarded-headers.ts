import type { Headers, HttpRequest } from "@dataplane/meta";

/** Headers of one connection only (RFC 9110 7.6.1), in either direction. */
const ofConnection = [
  ...["connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding"],
  ...["upgrade", "http2-settings"],
];

/** What the server behind is told in another way, or not at all: credentials are for this server alone. */
const notForwarded = new Set([
  "host",
  "authorization",
  "cookie",
  "expect",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-uri",
]);
const notForwardedPrefixes = ["x-remote-", "impersonate-"];

/** Headers of a request as they go on to the server behind; who asks is added by the transport. */
export function forwardedHeaders(request: HttpRequest): Record<string, string | readonly string[]> {
  const { headers, context, remoteAddress, path } = request;
  const dropped = new Set([...hopByHopNames(headers), ...notForwarded, ...(context.credentialHeaders ?? [])]);
  const kept = Object.entries(headers).flatMap(([name, value]) => {
    const goesOn = value !== undefined && !name.startsWith(":") && !dropped.has(name) && !notForwardedPrefixes.some((it) => name.startsWith(it));
    return goesOn ? [[name, value] as const] : [];
  });
  const host = firstOf(headers["host"]) ?? firstOf(headers[":authority"]);
  return {
    ...Object.fromEntries(kept),
    "x-forwarded-for": [...[headers["x-forwarded-for"] ?? []].flat(), remoteAddress].join(", "),
    "x-forwarded-uri": path,
    ...(host === undefined ? {} : { "x-forwarded-host": host }),
  };
}

/** Headers of an answer as they go on to the client. */
export function answeredHeaders(headers: Headers): Record<string, string | readonly string[]> {
  const dropped = hopByHopNames(headers);
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined || name.startsWith(":") || dropped.has(name) ? [] : [[name, value]])),
  );
}

function hopByHopNames(headers: Headers): ReadonlySet<string> {
  const named = [headers["connection"] ?? []].flat().flatMap((value) => value.split(","));
  return new Set([...ofConnection, ...named.map((name) => name.trim().toLowerCase())]);
}

const firstOf = (value: string | readonly string[] | undefined): string | undefined => [value ?? []].flat()[0];
