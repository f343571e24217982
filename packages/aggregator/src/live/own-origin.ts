import { ApiError, type HttpRequest } from "@dataplane/meta";
import { headerOf } from "../request-body.js";

/**
 * Lets a WebSocket pass that comes from no browser, or from a page of this server: its own host or `[server] root_url`, or an origin of
 * `allowed` (`https://*.example.com` allows hosts below). A page of another site would have the browser send its user's credentials along
 * (cross-site WebSocket hijacking). Throws Forbidden.
 */
export function requireOwnOrigin(request: Pick<HttpRequest, "headers">, rootUrl: string, allowed: readonly string[] = []): void {
  const origin = headerOf(request, "origin");
  if (origin === undefined) return;
  const own = [rootUrl, `http://${headerOf(request, "host") ?? ""}`].filter((url) => URL.canParse(url)).map((url) => new URL(url).host);
  if (!URL.canParse(origin)) throw refused();
  if (own.includes(new URL(origin).host) || allowed.some((pattern) => matches(pattern.toLowerCase(), origin.toLowerCase()))) return;
  throw refused();
}

const refused = (): ApiError => new ApiError("Forbidden", "a WebSocket from a page of another site is refused");

/** One `*` stands for any text. */
function matches(pattern: string, origin: string): boolean {
  const star = pattern.indexOf("*");
  if (star < 0) return pattern === origin;
  const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return origin.length >= before.length + after.length && origin.startsWith(before) && origin.endsWith(after);
}
