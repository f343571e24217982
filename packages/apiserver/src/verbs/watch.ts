import type { HttpResponse } from "@dataplane/meta";
import { failpoint } from "@dataplane/storage";
import type { StoredValue } from "../codec.js";
import { metadataView } from "../conversion/metadata-view.js";
import { type Selection, selectionOf } from "./selection.js";
import type { VerbCall } from "./verb-call.js";
import { WatchFrames } from "./watch-frames.js";
import { type WatchOptions, watchOptions } from "./watch-options.js";
import { Watcher } from "./watcher.js";

/** GET of a collection with `watch`: its changes as lines of JSON, until the time is over or the client goes. */
export async function watch(call: VerbCall): Promise<HttpResponse> {
  const options = watchOptions(call.request.query);
  const frames = new WatchFrames(call);
  const stream = await openWatch(call, options, frames);
  return {
    status: 200,
    headers: { "content-type": frames.contentType, "cache-control": "no-cache, private" },
    body: stream,
  };
}

const bookmarkIntervalMs = 60_000;
/** The last bookmark comes so long before the end. */
const lastBookmarkMs = 2_000;

/** What can fail does so here, before the answer begins: 410 and 504 are answers of their own. */
async function openWatch(call: VerbCall, options: WatchOptions, frames: WatchFrames): Promise<AsyncIterable<Uint8Array>> {
  const { cache } = call.services;
  const selection = selectionOf(call);
  if (options.fresh) await cache.fresh();
  else if (options.since === undefined) await cache.reached(options.notOlderThan);
  else await cache.reachBack(options.since);
  const watcher = new Watcher(selection, frames);
  // Nothing may be awaited from here to the subscription: state and changes fit together.
  const { revision } = cache;
  if (options.sendsState) {
    const mark = (): readonly Uint8Array[] => (options.marksEndOfState && options.bookmarks ? [frames.bookmark(revision, true)] : []);
    watcher.sendState(stateOf(call, selection), revision, mark);
  }
  const since = options.since ?? revision;
  const { past, stop } = cache.subscribe(since, (change) => {
    // Another server of the same store may have told of a revision that this one has yet to reach: what comes until then is no news.
    if (change === undefined || change.revision > since) watcher.take(change);
  });
  for (const change of past) watcher.take(change);
  const stopAll = both(stop, endWithDefinition(call, watcher));
  // A client may go before it has read anything: then nobody asks for frames, nor ends doing so.
  call.request.signal.addEventListener("abort", stopAll, { once: true });
  if (call.request.signal.aborted) stopAll();
  return framesUntilOver(call, options, { watcher, frames, since, stop: stopAll });
}

const both = (first: () => void, second: () => void) => (): void => {
  first();
  second();
};

/** What is served by another definition now is to be watched anew: its objects may look different. */
function endWithDefinition({ services: { registry }, resource }: VerbCall, watcher: Watcher): () => void {
  const { group, version, plural } = resource.definition;
  return registry.onChange(() => {
    const now = registry.resolve(group, version, plural);
    if (now !== resource && (now === undefined || metadataView(now) !== resource)) watcher.end();
  });
}

function stateOf({ services: { cache } }: VerbCall, { key, prefix }: Selection): readonly StoredValue[] {
  if (key === undefined) return cache.under(prefix);
  const only = cache.get(key);
  return only === undefined ? [] : [only];
}

interface OpenWatch {
  readonly watcher: Watcher;
  readonly frames: WatchFrames;
  /** What the client has seen when the watch begins. */
  readonly since: bigint;
  readonly stop: () => void;
}

async function* framesUntilOver(
  { request, services }: VerbCall,
  { bookmarks, timeoutMs }: WatchOptions,
  { watcher, frames, since, stop }: OpenWatch,
): AsyncGenerator<Uint8Array, void, undefined> {
  // Not wall time: a clock that is set ends no watch and keeps none.
  const start = performance.now();
  const end = start + timeoutMs;
  const marks = bookmarks ? bookmarkTimes(start, end) : [];
  try {
    while (!request.signal.aborted) {
      const batch = watcher.takeFrames();
      if (batch !== undefined) {
        failpoint("before-watch-send");
        yield batch;
        failpoint("after-watch-send");
      }
      if (watcher.hasFrames) continue;
      const now = performance.now();
      if (watcher.isEnded || now >= end) return;
      if ((marks[0] ?? Infinity) <= now) {
        marks.shift();
        if (watcher.isCurrent && services.cache.revision >= since) yield frames.bookmark(services.cache.revision, false);
        continue;
      }
      await watcher.woken(Math.min(marks[0] ?? end, end) - now, request.signal);
    }
  } finally {
    watcher.end();
    stop();
  }
}

/** Once a minute and shortly before the end, so that a restart finds a version that is still known. */
function bookmarkTimes(start: number, end: number): number[] {
  const times: number[] = [];
  for (let at = start + bookmarkIntervalMs; at < end - lastBookmarkMs; at += bookmarkIntervalMs) times.push(at);
  times.push(Math.max(start + 1, end - lastBookmarkMs));
  return times;
}
