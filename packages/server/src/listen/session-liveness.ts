import type { ServerHttp2Session } from "node:http2";

/** How often a client is asked for a sign of life, and how long it has to give it: 45 s in all, as in Kubernetes. */
export interface LivenessTimes {
  readonly everyMs: number;
  readonly withinMs: number;
}

const defaultTimes: LivenessTimes = { everyMs: 30_000, withinMs: 15_000 };

/**
 * Ends an HTTP/2 connection that answers no PING, with all requests on it: its client is gone without a word, or nghttp2 has given the
 * connection up for an error of the client (such as data after the end of a stream). Node then neither reads from the connection nor
 * closes it, so that its requests would go on for ever.
 */
export function endWhenDead(session: ServerHttp2Session, { everyMs, withinMs }: LivenessTimes = defaultTimes): void {
  const asking = setInterval(() => {
    if (session.destroyed) return;
    const late = setTimeout(() => session.destroy(), withinMs).unref();
    session.ping(() => clearTimeout(late));
  }, everyMs).unref();
  session.once("close", () => clearInterval(asking));
}
