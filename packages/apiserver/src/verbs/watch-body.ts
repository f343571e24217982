import { type BodySink, type PushedBody, pulled } from "@dataplane/meta";
import { failpoint } from "@dataplane/storage";
import type { WatchCache } from "../watch-cache.js";
import type { WatchFrames } from "./watch-frames.js";
import type { Watcher } from "./watcher.js";

export interface WatchBodyOptions {
  readonly watcher: Watcher;
  readonly frames: WatchFrames;
  readonly cache: Pick<WatchCache, "revision" | "turns">;
  /** What the client has seen when the watch begins. */
  readonly since: bigint;
  readonly bookmarks: boolean;
  readonly timeoutMs: number;
  /** Aborts when the client goes. */
  readonly signal: AbortSignal;
}

const bookmarkIntervalMs = 60_000;
/** The last bookmark comes so long before the end. */
const lastBookmarkMs = 2_000;
/** Node knows no longer timer. */
const longestTimerMs = 2 ** 31 - 1;

/** The frames of one watch, from when they are there until its time is over or its client goes. */
export class WatchBody implements PushedBody {
  readonly #options: WatchBodyOptions;
  readonly #atEnd: (() => void)[] = [];
  // Not wall time: a clock that is set ends no watch and keeps none.
  readonly #end: number;
  readonly #marks: number[];
  readonly #flush = (): void => {
    this.#isQueued = false;
    this.#writeFrames();
  };
  readonly #stop = (): void => this.#finish();
  #sink: BodySink | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isQueued = false;
  /** The reader is in this process: a controller, or roles and bindings, which should know of a write when its answer is out. */
  #isNear = false;
  /** The client reads more slowly than it is written to. */
  #isBehind = false;
  #isOver = false;

  constructor(options: WatchBodyOptions) {
    const start = performance.now();
    this.#options = options;
    this.#end = start + options.timeoutMs;
    this.#marks = options.bookmarks ? bookmarkTimes(start, this.#end) : [];
    // A client may go before it has read anything: then nobody asks for frames, nor ends doing so.
    options.signal.addEventListener("abort", this.#stop, { once: true });
    if (options.signal.aborted) this.#finish();
  }

  /** Calls the listener when the watch is over, at once if it is. */
  onOver(listener: () => void): void {
    if (this.#isOver) listener();
    else this.#atEnd.push(listener);
  }

  pushTo(sink: BodySink): () => void {
    this.#sink = sink;
    if (this.#isOver) {
      sink.end();
      return this.#stop;
    }
    sink.onDrain(() => {
      this.#isBehind = false;
      this.#writeFrames();
    });
    this.#options.watcher.onFrames(() => this.#queue());
    this.#writeFrames();
    return this.#stop;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    this.#isNear = true;
    return pulled(this);
  }

  /** In a turn of its own: what changes at once leaves at once, and many watches hold up nobody. */
  #queue(): void {
    if (this.#isQueued || this.#isBehind || this.#isOver) return;
    if (this.#isNear) {
      this.#writeFrames();
      return;
    }
    this.#isQueued = true;
    this.#options.cache.turns.run(this.#flush);
  }

  #writeFrames(): void {
    try {
      this.#writeWhatIsDue();
    } catch (error) {
      this.#finish((sink) => sink.fail(error));
    }
  }

  #writeWhatIsDue(): void {
    const { watcher } = this.#options;
    while (!this.#isBehind && !this.#isOver) {
      const batch = watcher.takeFrames();
      if (batch === undefined) break;
      failpoint("before-watch-send");
      this.#write(batch);
      failpoint("after-watch-send");
    }
    // Whatever is due comes after what is pending.
    if (this.#isBehind || this.#isOver) return;
    const now = performance.now();
    if (watcher.isEnded || now >= this.#end) this.#finish();
    else this.#mark(now);
  }

  #write(piece: Uint8Array): void {
    this.#isBehind = this.#sink?.write(piece) !== true;
  }

  #mark(now: number): void {
    const { watcher, frames, cache, since } = this.#options;
    const isDue = (this.#marks[0] ?? Infinity) <= now;
    if (isDue) this.#marks.shift();
    // A bookmark says that all before it was sent.
    if (isDue && watcher.isCurrent && cache.revision >= since) this.#write(frames.bookmark(cache.revision, false));
    if (isDue || this.#timer === undefined) this.#wait(now);
  }

  #wait(now: number): void {
    clearTimeout(this.#timer);
    const ms = Math.min(this.#marks[0] ?? this.#end, this.#end) - now;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#writeFrames();
      },
      Math.min(Math.max(1, ms), longestTimerMs),
    ).unref();
  }

  #finish(last = (sink: BodySink): void => sink.end()): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#options.signal.removeEventListener("abort", this.#stop);
    this.#options.watcher.end();
    for (const listener of this.#atEnd) listener();
    if (this.#sink !== undefined) last(this.#sink);
  }
}

/** Once a minute and shortly before the end, so that a restart finds a version that is still known. */
function bookmarkTimes(start: number, end: number): number[] {
  const times: number[] = [];
  for (let at = start + bookmarkIntervalMs; at < end - lastBookmarkMs; at += bookmarkIntervalMs) times.push(at);
  times.push(Math.max(start + 1, end - lastBookmarkMs));
  return times;
}
