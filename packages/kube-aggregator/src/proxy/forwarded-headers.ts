import { type Headers, type HttpRequest, hopByHopNames } from "@dataplane/meta";

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

/** Of the origin, which is this server's for all that is behind it. */
const notAnswered = new Set(["set-cookie", "set-cookie2", "clear-site-data", "strict-transport-security", "alt-svc", "public-key-pins"]);

/** Servers that hand headers on as variables (RFC 3875 4.1.18) take `_` for `-`. */
const spelled = (name: string): string => name.replaceAll("_", "-");

/** Headers of a request as they go on to the server behind; who asks is added by the transport. */
export function forwardedHeaders(request: HttpRequest): Record<string, string | readonly string[]> {
  const { headers, context, remoteAddress, path, scheme } = request;
  const dropped = new Set([...hopByHopNames(headers), ...notForwarded, ...(context.credentialHeaders ?? [])]);
  const isDropped = (name: string): boolean => dropped.has(name) || notForwardedPrefixes.some((it) => name.startsWith(it));
  const kept = Object.entries(headers).flatMap(([name, value]) => {
    const goesOn = value !== undefined && !name.startsWith(":") && !isDropped(name) && !isDropped(spelled(name));
    return goesOn ? [[name, value] as const] : [];
  });
  const host = firstOf(headers["host"]) ?? firstOf(headers[":authority"]);
  return {
    ...Object.fromEntries(kept),
    "x-forwarded-for": [...[headers["x-forwarded-for"] ?? []].flat(), remoteAddress].join(", "),
    "x-forwarded-uri": path,
    ...(host === undefined ? {} : { "x-forwarded-host": host }),
    // As it came here: what a proxy before us says of itself anybody could say.
    ...(scheme === undefined ? {} : { "x-forwarded-proto": scheme }),
  };
}

/** Headers of an answer as they go on to the client. */
export function answeredHeaders(headers: Headers): Record<string, string | readonly string[]> {
  const dropped = hopByHopNames(headers);
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || name.startsWith(":") || dropped.has(name) || notAnswered.has(name) ? [] : [[name, value]],
    ),
  );
}

const firstOf = (value: string | readonly string[] | undefined): string | undefined => [value ?? []].flat()[0];
