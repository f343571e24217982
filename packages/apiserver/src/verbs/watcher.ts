import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, expired } from "@dataplane/meta";
import type { CacheChange } from "../change-history.js";
import type { StoredValue } from "../codec.js";
import { coversKey, type Selection } from "./selection.js";
import type { WatchFrames } from "./watch-frames.js";

/** A client that reads too slowly for so many changes, or for so many bytes of them, must list again. The state at the start does not count. */
const maxPending = 10_000;
const maxPendingBytes = 64 * 1024 * 1024;

/** How long a watch waits for a converter that is away. */
const patienceMs = 60_000;

/** Something to send, once its values are converted. */
interface Step {
  readonly values: readonly StoredValue[];
  /** What the client has seen when this is sent. */
  readonly revision: bigint;
  readonly frames: () => readonly Uint8Array[];
  readonly counts: boolean;
}

/** Turns the changes of the store into the frames of one watch, in order, also where a converter must be waited for. */
export class Watcher {
  readonly #selection: Selection;
  readonly #frames: WatchFrames;
  #pending: Uint8Array[] = [];
  /** Of pending changes. */
  #behind = { changes: 0, bytes: 0 };
  /** Steps behind one whose values are being converted. */
  #waiting: Step[] = [];
  #isEnded = false;
  #wake = (): void => undefined;

  constructor(selection: Selection, frames: WatchFrames) {
    this.#selection = selection;
    this.#frames = frames;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** False while something that the store has is not in the frames yet: then no bookmark may say that it is. */
  get isCurrent(): boolean {
    return this.#waiting.length === 0;
  }

  get hasFrames(): boolean {
    return this.#pending.length > 0;
  }

  /** The objects that are there at `revision`; `mark` is sent after them. */
  sendState(state: readonly StoredValue[], revision: bigint, mark: () => readonly Uint8Array[]): void {
    const frames = (): readonly Uint8Array[] => [
      ...state.filter((stored) => this.#selection.matches(stored)).map((stored) => this.#frames.event("ADDED", stored, stored.revision)),
      ...mark(),
    ];
    this.#take({ values: state, revision, frames, counts: false });
  }

  /** Undefined: the changes cannot be followed any further. */
  take(change: CacheChange | undefined): void {
    if (this.#isEnded) return;
    const isBehind = this.#behind.changes >= maxPending || this.#behind.bytes >= maxPendingBytes || this.#waiting.length >= maxPending;
    if (change === undefined || isBehind) {
      this.#fail(expired("too old resource version: the watch could not follow"));
      return;
    }
    if (!coversKey(this.#selection, change.key)) return;
    const values = [change.previous, change.current].filter((value) => value !== undefined);
    this.#take({ values, revision: change.revision, frames: () => this.#framesOf(change), counts: true });
  }

  /** What is to be written now. */
  takeFrames(): Uint8Array | undefined {
    const frames = this.#pending;
    if (frames.length === 0) return undefined;
    this.#pending = [];
    this.#behind = { changes: 0, bytes: 0 };
    return frames.length === 1 ? frames[0] : Buffer.concat(frames);
  }

  /** What is pending is still to be written. */
  end(): void {
    this.#isEnded = true;
    this.#waiting = [];
    this.#wake();
  }

  /** Until a frame is pending, the time is over, or the client goes. */
  async woken(ms: number, signal: AbortSignal): Promise<void> {
    // It may have gone while a frame was on its way: no event tells of it any more.
    if (signal.aborted) return;
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

  #take(step: Step): void {
    if (this.#waiting.length === 0 && !this.#selection.isWaiting(step.values)) {
      this.#send(step);
      return;
    }
    this.#waiting.push(step);
    // Whoever waits already sends this one in its turn.
    if (this.#waiting.length === 1) this.#drain().catch((error: unknown) => this.#fail(ApiError.from(error)));
  }

  async #drain(): Promise<void> {
    for (let step = this.#waiting[0]; step !== undefined; step = this.#waiting[0]) {
      await this.#convert(step.values);
      if (this.#isEnded) return;
      this.#send(step);
      this.#waiting.shift();
    }
  }

  /** A converter that is started anew is waited for: the watch falls behind, and its client misses nothing. */
  async #convert(values: readonly StoredValue[]): Promise<void> {
    const started = performance.now();
    for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, 1_000)) {
      try {
        await this.#selection.convert(values);
        return;
      } catch (thrown) {
        const isAway = thrown instanceof ApiError && thrown.reason === "ServiceUnavailable";
        if (!isAway || this.#isEnded || performance.now() - started > patienceMs) throw thrown;
      }
      await sleep(pauseMs, undefined, { ref: false });
    }
  }

  /** An object that begins to match is added, one that ceases to match is deleted, whatever the write was. */
  #framesOf({ current, previous, revision }: CacheChange): readonly Uint8Array[] {
    const isSelected = current !== undefined && this.#selection.matches(current);
    const wasSelected = previous !== undefined && this.#selection.matches(previous);
    if (isSelected) return [this.#frames.event(wasSelected ? "MODIFIED" : "ADDED", current, revision)];
    // The last state that the client knew, at the revision at which it went.
    return wasSelected ? [this.#frames.event("DELETED", previous, revision)] : [];
  }

  #send(step: Step): void {
    try {
      for (const frame of step.frames()) this.#push(frame, step);
      this.#wake();
    } catch (error) {
      // A value that cannot be shown is this watch's matter: the store goes on.
      this.#fail(ApiError.from(error));
    }
  }

  #push(frame: Uint8Array, { counts }: Step): void {
    if (counts) this.#behind = { changes: this.#behind.changes + 1, bytes: this.#behind.bytes + frame.byteLength };
    this.#pending.push(frame);
  }

  #fail(error: ApiError): void {
    if (this.#isEnded) return;
    this.end();
    this.#pending.push(this.#frames.error(error.toStatus()));
    this.#wake();
  }
}
