import { constants, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";

/** Streams of one connection that may end by a reset at once, and how many more each second; what nghttp2 grants, and a browser never needs. */
const burst = 1000;
const perSecond = 33;

/**
 * Closes a connection whose streams are reset faster than any honest client resets them. A reset frees its place among the concurrent
 * streams at once, though its request has cost its work: so it does whether the client sends it (CVE-2023-44487) or makes the server
 * send it (CVE-2025-8671), which is why the limit of streams is not enough. nghttp2 counts resets too, and says GOAWAY, but Node leaves the connection open.
 */
export function limitStreamResets(session: ServerHttp2Session): void {
  let left = burst;
  let countedAt = performance.now();
  const count = (): void => {
    const now = performance.now();
    left = Math.min(burst, left + ((now - countedAt) / 1000) * perSecond) - 1;
    countedAt = now;
    // The GOAWAY may be lost to a client that goes on writing into a closed socket; what counts is that it is closed.
    if (left < 0 && !session.destroyed) session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };
  session.on("stream", (stream: ServerHttp2Stream) => {
    stream.once("close", () => {
      if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) count();
    });
  });
}
