import { type Headers, type HttpRequest, hopByHopNames } from "@dataplane/meta";

/** How a request reached the worker: the control process sees it as if it had come to it. Believed from workers alone. */
export const passedHeaders = {
  remoteAddress: "x-dataplane-remote-address",
  scheme: "x-dataplane-scheme",
  /** When the credential ends that a worker proved, in milliseconds since the epoch. */
  userExpires: "x-dataplane-user-expires",
} as const;

const ours: ReadonlySet<string> = new Set(Object.values(passedHeaders));

/** Headers that say who asks or from where, when a worker sends them: from anybody else they are nothing. */
export const isOfWorkers = (name: string): boolean => ours.has(name) || name.startsWith("x-remote-");

/** Names and values in turn, as the client sent them, without those of its connection and those that are a worker's to say. */
export function passedOnHeaders(request: HttpRequest, dropped: readonly string[]): string[] {
  const { headers, rawHeaders = [] } = request;
  const own = new Set([...hopByHopNames(headers), "expect", ...dropped]);
  const passed: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    const lower = name.toLowerCase();
    if (!lower.startsWith(":") && !own.has(lower) && !isOfWorkers(lower)) passed.push(name, rawHeaders[index + 1] ?? "");
  }
  const authority = firstOf(headers[":authority"]);
  if (headers["host"] === undefined && authority !== undefined) passed.push("host", authority);
  return [...passed, ...framing(request)];
}

type Framed = Pick<HttpRequest, "headers" | "method">;

/** A body of unknown length is sent in chunks; HTTP/2 needs not say that there is one. */
function framing({ headers, method }: Framed): readonly string[] {
  if (headers["content-length"] !== undefined) return [];
  const isOverHttp2 = headers[":method"] !== undefined;
  const hasBody = isOverHttp2 ? method !== "GET" && method !== "HEAD" : headers["transfer-encoding"] !== undefined;
  return hasBody ? ["transfer-encoding", "chunked"] : [];
}

export const hasBody = (request: Framed): boolean =>
  request.headers["content-length"] === undefined ? framing(request).length > 0 : request.headers["content-length"] !== "0";

/** The same headers without those of a worker. */
export const withoutThose = (headers: Headers): Headers => Object.fromEntries(Object.entries(headers).filter(([name]) => !isOfWorkers(name)));

export function withoutThoseRaw(rawHeaders: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    if (!isOfWorkers(name.toLowerCase())) kept.push(name, rawHeaders[index + 1] ?? "");
  }
  return kept;
}

export const firstOf = (value: string | readonly string[] | undefined): string | undefined => [value ?? []].flat()[0];
