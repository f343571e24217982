import { expired, type HttpResponse } from "@dataplane/meta";
import type { CacheChange } from "../watch-cache.js";
import { coversKey, type Selection, selectionOf } from "./selection.js";
import type { VerbCall } from "./verb-call.js";
import { WatchFrames } from "./watch-frames.js";
import { type WatchOptions, watchOptions } from "./watch-options.js";

/** GET of a collection with `watch`: its changes as lines of JSON, until the time is over or the client goes. */
export async function watch(call: VerbCall): Promise<HttpResponse> {
  const options = watchOptions(call.request.query);
  const frames = new WatchFrames(call);
  const stream = await openWatch(call, options, frames);
  return {
    status: 200,
    headers: { "content-type": "application/json", "cache-control": "no-cache, private" },
    body: stream,
  };
}

/** A client that reads too slowly for so many changes, or for so many bytes of them, must list again. The state at the start does not count. */
const maxPending = 10_000;
const maxPendingBytes = 64 * 1024 * 1024;

const bookmarkIntervalMs = 60_000;
/** The last bookmark comes so long before the end. */
const lastBookmarkMs = 2_000;

/** What can fail does so here, before the answer begins: 410 and 504 are answers of their own. */
async function openWatch(call: VerbCall, options: WatchOptions, frames: WatchFrames): Promise<AsyncIterable<Uint8Array>> {
  const { cache } = call.services;
  if (options.fresh) await cache.fresh();
  else if (options.since === undefined) await cache.reached(options.notOlderThan);
  const selection = selectionOf(call);
  const watcher = new Watcher(selection, frames);
  if (options.sendsState) watcher.sendState(call, options);
  const since = options.since ?? cache.revision;
  const { past, stop } = cache.subscribe(since, (change) => watcher.take(change));
  for (const change of past) watcher.take(change);
  return watcher.frames(call, options, stop);
}

class Watcher {
  readonly #selection: Selection;
  readonly #frames: WatchFrames;
  #pending: Uint8Array[] = [];
  /** Of pending changes. */
  #behind = { changes: 0, bytes: 0 };
  #ended = false;
  #wake = (): void => undefined;

  constructor(selection: Selection, frames: WatchFrames) {
    this.#selection = selection;
    this.#frames = frames;
  }

  sendState({ services: { cache } }: VerbCall, { marksEndOfState, bookmarks }: WatchOptions): void {
    const { key, prefix } = this.#selection;
    const only = key === undefined ? undefined : cache.get(key);
    const state = key === undefined ? cache.under(prefix) : only === undefined ? [] : [only];
    for (const stored of state) if (this.#selection.matches(stored)) this.#push(this.#frames.event("ADDED", stored, stored.revision));
    if (marksEndOfState && bookmarks) this.#push(this.#frames.bookmark(cache.revision, true));
  }

  take(change: CacheChange | undefined): void {
    if (this.#ended) return;
    if (change === undefined || this.#behind.changes >= maxPending || this.#behind.bytes >= maxPendingBytes) {
      this.#push(this.#frames.error(expired("too old resource version: the watch could not follow").toStatus()));
      this.#ended = true;
      return;
    }
    const frame = coversKey(this.#selection, change.key) ? this.#frameOf(change) : undefined;
    if (frame === undefined) return;
    this.#behind.changes += 1;
    this.#behind.bytes += frame.byteLength;
    this.#push(frame);
  }

  /** An object that begins to match is added, one that ceases to match is deleted, whatever the write was. */
  #frameOf({ current, previous, revision }: CacheChange): Uint8Array | undefined {
    const isSelected = current !== undefined && this.#selection.matches(current);
    const wasSelected = previous !== undefined && this.#selection.matches(previous);
    if (isSelected) return this.#frames.event(wasSelected ? "MODIFIED" : "ADDED", current, revision);
    // The last state that the client knew, at the revision at which it went.
    return wasSelected ? this.#frames.event("DELETED", previous, revision) : undefined;
  }

  #push(frame: Uint8Array): void {
    this.#pending.push(frame);
    this.#wake();
  }

  async *frames(
    { request, services }: VerbCall,
    { bookmarks, timeoutMs }: WatchOptions,
    stop: () => void,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const start = services.clock.now().getTime();
    const end = start + timeoutMs;
    const marks = bookmarks ? bookmarkTimes(start, end) : [];
    try {
      while (!request.signal.aborted) {
        const batch = this.#pending;
        this.#pending = [];
        this.#behind = { changes: 0, bytes: 0 };
        if (batch.length > 0) yield batch.length === 1 ? (batch[0] ?? new Uint8Array()) : Buffer.concat(batch);
        if (this.#pending.length > 0) continue;
        const now = services.clock.now().getTime();
        if (this.#ended || now >= end) return;
        if ((marks[0] ?? Infinity) <= now) {
          marks.shift();
          yield this.#frames.bookmark(services.cache.revision, false);
          continue;
        }
        await this.#woken(Math.min(marks[0] ?? end, end) - now, request.signal);
      }
    } finally {
      this.#ended = true;
      stop();
    }
  }

  /** Until a frame is pending, the time is over, or the client goes. */
  async #woken(ms: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, ms));
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      signal.addEventListener("abort", this.#wake, { once: true });
    });
    signal.removeEventListener("abort", this.#wake);
    this.#wake = () => undefined;
  }
}

/** Once a minute and shortly before the end, so that a restart finds a version that is still known. */
function bookmarkTimes(start: number, end: number): number[] {
  const times: number[] = [];
  for (let at = start + bookmarkIntervalMs; at < end - lastBookmarkMs; at += bookmarkIntervalMs) times.push(at);
  times.push(Math.max(start + 1, end - lastBookmarkMs));
  return times;
}
