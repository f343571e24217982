import { ApiError, type HttpResponse } from "@dataplane/meta";
import type { StreamMessage, StreamPosition, Subscription } from "./channels.js";
import type { StreamForm } from "./stream-forms.js";

/** So often a quiet stream says that it is alive: proxies cut what is silent for 30 to 60 s. */
const pingMs = 20_000;
/** How long a reader may stand still after the end before it is cut off. */
const lingerMs = 5_000;

/** A subscription as the body of an answer, until it is over. */
export function streamAnswer(subscription: Subscription, form: StreamForm): HttpResponse {
  const cut = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const read = (): void => clearTimeout(timer);
  void subscription.over.then(() => {
    timer = setTimeout(() => cut.abort(), lingerMs);
    timer.unref();
  });
  return {
    status: 200,
    headers: { "content-type": form.mediaType, "cache-control": "no-cache, no-transform", "x-accel-buffering": "no" },
    body: bodyOf(subscription, form, read),
    cut: cut.signal,
  };
}

async function* bodyOf(subscription: Subscription, form: StreamForm, read: () => void): AsyncGenerator<Uint8Array> {
  const { position, batches, missed, recovered, initial } = subscription;
  const ping = form.ping === undefined ? undefined : setInterval(() => subscription.nudge(), pingMs).unref();
  try {
    if (recovered === false) yield form.error(notRecovered());
    yield form.initial(initial, idOf(position, missed));
    if (missed.length > 0) yield joined(missed, form, position);
    for await (const batch of batches) {
      const bytes = batch.length === 0 ? form.ping : joined(batch, form, position);
      if (bytes !== undefined) yield bytes;
    }
    yield form.end(await subscription.over);
  } catch (thrown) {
    yield form.error(ApiError.from(thrown));
  } finally {
    clearInterval(ping);
    // The timer begins in a turn of its own, which may come after this.
    void subscription.over.then(read);
  }
}

/** Of what came before the missed messages, which have ids of their own. */
const idOf = ({ epoch, offset }: StreamPosition, missed: readonly StreamMessage[]): string => `${epoch}-${(missed[0]?.offset ?? offset + 1) - 1}`;

function joined(batch: readonly StreamMessage[], form: StreamForm, { epoch }: StreamPosition): Uint8Array {
  const [first] = batch;
  return batch.length === 1 && first !== undefined ? form.message(first, epoch) : Buffer.concat(batch.map((message) => form.message(message, epoch)));
}

/** 410 Gone: what was sent meanwhile is lost; the stream goes on from here. */
export const notRecovered = (): ApiError => new ApiError("Expired", "the stream cannot be resumed where it was left: messages in between are lost");
