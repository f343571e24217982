import type { HttpRequest, HttpResponse } from "@dataplane/meta";

/** What the cache did for an answer (RFC 9211). */
export type CacheStatus =
  | { readonly ttlMs: number }
  | {
      /** Why the plugin was asked: nothing was kept, or the client wanted it so. */
      readonly fwd: "uri-miss" | "request";
      readonly stored: boolean;
      /** The answer of another caller's call. */
      readonly collapsed: boolean;
    };

/** An answer under its status; as it is when no cache had to do with it. */
export function withCacheStatus(response: HttpResponse, status: CacheStatus | undefined): HttpResponse {
  return status === undefined ? response : { ...response, headers: { ...response.headers, "cache-status": textOf(status) } };
}

function textOf(status: CacheStatus): string {
  if ("ttlMs" in status) return `dataplane; hit; ttl=${Math.ceil(status.ttlMs / 1000)}`;
  const { fwd, stored, collapsed } = status;
  return `dataplane; fwd=${fwd}${stored ? "; stored" : ""}${collapsed ? "; collapsed" : ""}`;
}

/** The status of an answer of several parts: a hit, for the shortest time, only where each is one. */
export function joinCacheStatus(parts: readonly (CacheStatus | undefined)[]): CacheStatus | undefined {
  const known = parts.filter((part) => part !== undefined);
  if (known.length === 0) return undefined;
  const forwarded = known.filter((part) => "fwd" in part);
  if (forwarded.length === 0 && known.length === parts.length) {
    return { ttlMs: Math.min(...known.map((part) => ("ttlMs" in part ? part.ttlMs : Number.POSITIVE_INFINITY))) };
  }
  return {
    fwd: forwarded.some(({ fwd }) => fwd === "request") ? "request" : "uri-miss",
    stored: known.length === parts.length && forwarded.every(({ stored }) => stored),
    collapsed: known.length === parts.length && forwarded.every(({ collapsed }) => collapsed),
  };
}

/** The client wants nothing that was kept: `X-Cache-Skip: true`, or `Cache-Control` with no-cache, no-store or max-age=0. */
export function wantsFresh({ headers }: Pick<HttpRequest, "headers">): boolean {
  const skip = headers["x-cache-skip"];
  if (typeof skip === "string" && skip.toLowerCase() === "true") return true;
  const control = headers["cache-control"];
  if (control === undefined) return false;
  const directives = (typeof control === "string" ? control : control.join(",")).toLowerCase().split(",");
  return directives.some((directive) => fresh.has(directive.trim()));
}

const fresh = new Set(["no-cache", "no-store", "max-age=0"]);
