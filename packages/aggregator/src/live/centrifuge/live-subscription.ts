import { ApiError } from "@dataplane/meta";
import type { StreamMessage, Subscription } from "../channels.js";
import { textFrame } from "../web-socket-frames.js";
import type { LiveSocket } from "./live-socket.js";
import { disconnects, publicationPush, unsubscribeCodes, unsubscribePush } from "./protocol.js";

/** What a client is answered that subscribed. */
export function subscribeResult({ position, recovered, missed, initial }: Subscription): string {
  const publications = missed.map(({ data, offset }) => `{"data":${text(data)},"offset":${offset}}`);
  const members = [
    `"recoverable":true,"positioned":true,"epoch":${JSON.stringify(position.epoch)},"offset":${position.offset}`,
    ...(recovered === undefined ? [] : [`"was_recovering":true,"recovered":${String(recovered)}`]),
    ...(publications.length === 0 ? [] : [`"publications":[${publications.join(",")}]`]),
    ...(initial === undefined ? [] : [`"data":${text(initial)}`]),
  ];
  return `{${members.join(",")}}`;
}

/** How long a client may take to read what waits when the subscription is over. */
const lingerMs = 1_000;

/** Sends what comes, until the subscription is over, and says why it is. `ended` is called before. Never rejects. */
export async function pushAll(channel: string, subscription: Subscription, socket: LiveSocket, ended: () => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  // A client that stands still keeps its last message from being written, and would keep its connection.
  const watch = subscription.over.then((end) => {
    if (end !== "left") timer = setTimeout(() => socket.disconnect(disconnects.slow), lingerMs).unref();
  });
  await pushUntilOver(channel, subscription, socket, ended);
  await watch;
  clearTimeout(timer);
}

async function pushUntilOver(channel: string, subscription: Subscription, socket: LiveSocket, ended: () => void): Promise<void> {
  const encode = ({ offset, data }: StreamMessage): Uint8Array => textFrame(publicationPush(channel, offset, data));
  const form = `centrifuge ${channel}`;
  try {
    await subscription.forEachBatch((batch) => socket.write(batch.map((message) => message.as(form, encode))));
    const end = await subscription.over;
    ended();
    if (end === "stopping") socket.disconnect(disconnects.shutdown);
    else if (end !== "left") socket.send(unsubscribePush(channel, unsubscribeCodes.server, "the stream is over"));
  } catch (thrown) {
    ended();
    const { reason, message } = ApiError.from(thrown);
    if (reason === "TooManyRequests") socket.disconnect(disconnects.slow);
    else if (reason === "Unauthorized") socket.disconnect(disconnects.expired);
    else socket.send(unsubscribePush(channel, isFinal(reason) ? unsubscribeCodes.server : unsubscribeCodes.insufficientState, message));
  }
}

const isFinal = (reason: ApiError["reason"]): boolean => reason === "NotFound" || reason === "Forbidden" || reason === "NotImplemented";

const text = (data: Uint8Array): string => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8");
