import { ApiError, type HttpResponse, type RawConnection } from "@dataplane/meta";
import { type WebSocket, WebSocketServer } from "ws";
import type { StreamEnd, StreamMessage, Subscription } from "./channels.js";
import { notRecovered } from "./stream-answer.js";
import { errorText } from "./stream-forms.js";
import { FrameWriter, textFrame } from "./web-socket-frames.js";

const pingMs = 20_000;
/** How long a peer may take to answer the close. */
const lingerMs = 5_000;

// What a subscriber sends has no meaning here: it may be short.
const server = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: 4096 });

/** Close codes of RFC 6455 7.4.1 and its registry. */
const closeCodes: Readonly<Record<StreamEnd, number>> = { over: 1000, stopping: 1001, left: 1000, failed: 1011 };
const tryAgainLater = 1013;
const policyViolation = 1008;

/** A subscription over WebSocket: each message one text; a failure is `{"error": <Status>}` and then the close. */
export function webSocketAnswer(subscription: Subscription, leave: () => void): HttpResponse {
  return {
    status: 101,
    headers: {},
    takeOver({ incoming, socket, head }: RawConnection) {
      socket.once("close", leave);
      server.handleUpgrade(incoming, socket, head, (webSocket) => {
        webSocket.on("error", leave);
        webSocket.once("close", leave);
        const stop = keepAlive(webSocket);
        void subscription.over.then((end) => endSoon(webSocket, end)).finally(stop);
        void send(webSocket, new FrameWriter(webSocket, socket), subscription).catch((thrown: unknown) => {
          sendText(webSocket, errorText(ApiError.from(thrown))).catch(() => undefined);
          webSocket.close(codeOf(thrown), "");
        });
      });
    },
  };
}

async function send(webSocket: WebSocket, frames: FrameWriter, subscription: Subscription): Promise<void> {
  const { recovered, initial, missed, over } = subscription;
  if (recovered === false) await sendText(webSocket, errorText(notRecovered()));
  if (initial !== undefined) await sendText(webSocket, initial);
  const write = (messages: readonly StreamMessage[]): Promise<void> | undefined => frames.write(messages.map(frameOf));
  await write(missed);
  await subscription.forEachBatch(write);
  const end = await over;
  webSocket.close(closeCodes[end], end);
}

const frameOf = (message: StreamMessage): Uint8Array => message.as("websocket", ({ data }) => textFrame(data));

const sendText = (webSocket: WebSocket, text: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    webSocket.send(text, { binary: false }, (error) => (error instanceof Error ? reject(error) : resolve()));
  });

/** A peer that answers no ping until the next one is gone. */
function keepAlive(webSocket: WebSocket): () => void {
  let alive = true;
  webSocket.on("pong", () => {
    alive = true;
  });
  const timer = setInterval(() => {
    if (!alive) webSocket.terminate();
    alive = false;
    webSocket.ping();
  }, pingMs).unref();
  return () => clearInterval(timer);
}

function endSoon(webSocket: WebSocket, end: StreamEnd): void {
  if (end === "left") return;
  const timer = setTimeout(() => webSocket.terminate(), lingerMs).unref();
  webSocket.once("close", () => clearTimeout(timer));
}

function codeOf(thrown: unknown): number {
  const { reason } = ApiError.from(thrown);
  if (reason === "TooManyRequests") return tryAgainLater;
  return reason === "NotFound" || reason === "Forbidden" || reason === "Unauthorized" ? policyViolation : closeCodes.failed;
}
