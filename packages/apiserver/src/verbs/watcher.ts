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

/** Frames leave in batches of about so many bytes: large enough to cost little, small enough to flow. */
const batchBytes = 256 * 1024;

/** Something to send, once its values are converted. */
interface Step {
  readonly values: readonly StoredValue[];
  readonly send: () => void;
}

/** Turns the changes of the store into the frames of one watch, in order, also where a converter must be waited for. */
export class Watcher {
  readonly #selection: Selection;
  readonly #frames: WatchFrames;
  /** What the state at the start still has to send; all else comes after it. */
  #state: Iterator<Uint8Array, void> | undefined;
  #pending: Uint8Array[] = [];
  /** Of pending changes. */
  #behind = { changes: 0, bytes: 0 };
  /** Steps behind one whose values are being converted. */
  #waiting: Step[] = [];
  #isEnded = false;
  #onFrames = (): void => undefined;

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
    return this.#state !== undefined || this.#pending.length > 0;
  }

  /** Calls the listener when there is something to write, or the watch has ended. */
  onFrames(listener: () => void): void {
    this.#onFrames = listener;
  }

  /** The objects that are there; `mark` is sent after them. */
  sendState(state: readonly StoredValue[], mark: () => readonly Uint8Array[]): void {
    const send = (): void => {
      // Looked at before anything is sent: of what cannot be read, nothing is.
      const matching = state.filter((stored) => this.#selection.matches(stored));
      this.#state = framesOfState(this.#frames, matching, mark);
    };
    this.#take({ values: state, send });
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
    const values = this.#selection.converts ? [change.previous, change.current].filter((value) => value !== undefined) : [];
    this.#take({ values, send: () => this.#sendChange(change) });
  }

  /** What is to be written now, or a part of it; undefined when there is nothing. */
  takeFrames(): Uint8Array | undefined {
    if (this.#state !== undefined) {
      const batch = this.#takeState(this.#state);
      if (batch !== undefined) return batch;
    }
    const frames = this.#pending;
    if (frames.length === 0) return undefined;
    this.#pending = [];
    this.#behind = { changes: 0, bytes: 0 };
    return joinedOnce(frames);
  }

  /** What is pending is still to be written. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#waiting = [];
    this.#onFrames();
  }

  #takeState(state: Iterator<Uint8Array, void>): Uint8Array | undefined {
    const frames: Uint8Array[] = [];
    let bytes = 0;
    try {
      while (bytes < batchBytes) {
        const next = state.next();
        if (next.done === true) {
          this.#state = undefined;
          break;
        }
        frames.push(next.value);
        bytes += next.value.byteLength;
      }
    } catch (error) {
      this.#state = undefined;
      this.#fail(ApiError.from(error));
    }
    return frames.length === 0 ? undefined : Buffer.concat(frames, bytes);
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
  #sendChange({ current, previous, revision }: CacheChange): void {
    const isSelected = current !== undefined && this.#selection.matches(current);
    const wasSelected = previous !== undefined && this.#selection.matches(previous);
    if (isSelected) this.#push(this.#frames.event(wasSelected ? "MODIFIED" : "ADDED", current, revision));
    // The last state that the client knew, at the revision at which it went.
    else if (wasSelected) this.#push(this.#frames.event("DELETED", previous, revision));
  }

  #push(frame: Uint8Array): void {
    this.#pending.push(frame);
    this.#behind.changes += 1;
    this.#behind.bytes += frame.byteLength;
  }

  #send({ send }: Step): void {
    try {
      send();
      if (this.hasFrames) this.#onFrames();
    } catch (error) {
      // A value that cannot be shown is this watch's matter: the store goes on.
      this.#fail(ApiError.from(error));
    }
  }

  #fail(error: ApiError): void {
    if (this.#isEnded) return;
    this.#pending.push(this.#frames.error(error.toStatus()));
    this.end();
  }
}

function* framesOfState(frames: WatchFrames, state: readonly StoredValue[], mark: () => readonly Uint8Array[]): Generator<Uint8Array, void> {
  for (const stored of state) yield frames.stateEvent(stored);
  yield* mark();
}

/** Watches of one form have the same frames: those that are behind by the same changes share the joined bytes too. */
const joinedByFirst = new WeakMap<Uint8Array, { readonly frames: readonly Uint8Array[]; readonly joined: Uint8Array }>();

function joinedOnce(frames: readonly Uint8Array[]): Uint8Array | undefined {
  const [first] = frames;
  if (first === undefined || frames.length === 1) return first;
  const known = joinedByFirst.get(first);
  if (known?.frames.length === frames.length && frames.every((frame, index) => frame === known.frames[index])) return known.joined;
  const joined = Buffer.concat(frames);
  joinedByFirst.set(first, { frames, joined });
  return joined;
}
