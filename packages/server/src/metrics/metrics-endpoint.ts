import { createHash, timingSafeEqual } from "node:crypto";
import type { Handler, HttpRequest, HttpResponse } from "@dataplane/meta";

export interface MetricsCredentials {
  readonly user: string;
  readonly password: string;
}

/** `GET /metrics`, in Prometheus' text format. Anything else goes to the delegate. Whoever comes here was let in. */
export function metricsEndpoint(text: () => Promise<string>, delegate: Handler): Handler {
  return (request) => (isScrape(request) ? answer(text) : delegate(request));
}

/**
 * Answers a scraper that shows the credentials of `[metrics]`, before anyone asks for a login; all others go to the delegate. Nothing
 * is answered to a scraper's credentials while there are none.
 */
export function scraperLogin(text: () => Promise<string>, { user, password }: MetricsCredentials, delegate: Handler): Handler {
  if (user === "" || password === "") return delegate;
  const expected = digest(`${user}:${password}`);
  return (request) => {
    if (!isScrape(request)) return delegate(request);
    const shown = basicCredential(request);
    return shown !== undefined && timingSafeEqual(digest(shown), expected) ? answer(text) : delegate(request);
  };
}

const isScrape = ({ method, path }: HttpRequest): boolean => path === "/metrics" && (method === "GET" || method === "HEAD");

/** Of equal length whatever was sent, so that comparing takes the same time. */
const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

function basicCredential({ headers }: HttpRequest): string | undefined {
  const header = headers["authorization"];
  if (typeof header !== "string" || !/^basic /i.test(header)) return undefined;
  return Buffer.from(header.slice("basic ".length).trim(), "base64").toString("utf8");
}

const answer = async (text: () => Promise<string>): Promise<HttpResponse> => ({
  status: 200,
  headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8", "cache-control": "no-cache, private" },
  body: await text(),
});
