import { type ClientRequest, type IncomingMessage } from "node:http";
import type { Agent } from "node:https";
import { request as httpsRequest } from "node:https";
import { pipeline, Readable } from "node:stream";
import { accessFailure } from "./open-tls.js";
import type { RemoteTarget } from "./remote-target.js";
import type { RemoteAnswer, RemoteUpgrade } from "./remote-transport.js";
import type { SentRequest } from "./sent-request.js";

/**
 * One request by HTTP/1.1 over a connection of `agent`. With `upgrade` the answer may be a 101, whose connection is then the caller's.
 * Rejects with RemoteFailure, or the signal's reason.
 */
export function exchangeHttp1(
  { tls, authority }: RemoteTarget,
  { method, path, headers, body, signal }: SentRequest,
  agent: Agent,
): Promise<RemoteAnswer | RemoteUpgrade> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const asked: ClientRequest = httpsRequest({
      ...tls,

      agent,
      method,
      path,
      headers: { ...headers, host: authority },
      signal,
    });
    asked.on("error", (error) => reject(signal.aborted && signal.reason instanceof Error ? signal.reason : accessFailure(authority, error)));
    // HTTP/1.1 has no pings; the kernel's tell of a machine that is gone.
    asked.once("socket", (socket) => socket.setKeepAlive(true, 1_000));
    asked.once("response", (answer) => resolve(answerOf(answer)));
    asked.once("upgrade", (answer, socket, head) => {
      socket.on("error", () => socket.destroy());
      resolve({ headers: answer.headers, socket, head });
    });
    if (body === undefined || body instanceof Uint8Array) asked.end(body);
    else pipeline(Readable.from(body, { objectMode: false }), asked, () => undefined);
  });
}

function answerOf(answer: IncomingMessage): RemoteAnswer {
  answer.on("error", () => undefined);
  return { status: answer.statusCode ?? 502, headers: answer.headers, body: answer, discard: () => void answer.destroy() };
}
