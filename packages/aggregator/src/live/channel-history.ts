import { randomBytes } from "node:crypto";
import type { StreamPosition } from "./channels.js";
import type { PublishedMessage } from "./stream-message.js";

export interface HistoryLimits {
  readonly messages: number;
  readonly bytes: number;
}

/** The last messages of a channel, in order and without a gap, within bounds. Offsets begin at 1. */
export class ChannelHistory {
  readonly #epoch = randomBytes(6).toString("hex");
  readonly #limits: HistoryLimits;
  readonly #kept: PublishedMessage[] = [];
  #bytes = 0;
  #last = 0;

  constructor(limits: HistoryLimits) {
    this.#limits = limits;
  }

  get position(): StreamPosition {
    return { epoch: this.#epoch, offset: this.#last };
  }

  get nextOffset(): number {
    return this.#last + 1;
  }

  add(published: PublishedMessage): void {
    this.#last = published.message.offset;
    this.#kept.push(published);
    this.#bytes += sizeOf(published);
    let drop = 0;
    while (this.#kept.length - drop > this.#limits.messages || this.#bytes > this.#limits.bytes) {
      const oldest = this.#kept[drop];
      if (oldest === undefined) break;
      this.#bytes -= sizeOf(oldest);
      drop += 1;
    }
    if (drop > 0) this.#kept.splice(0, drop);
  }

  /** All that came after `position`; undefined when some of it is not kept any more, or never was of this epoch. */
  since({ epoch, offset }: StreamPosition): readonly PublishedMessage[] | undefined {
    const oldest = this.#kept[0]?.message.offset ?? this.#last + 1;
    if (epoch !== this.#epoch || offset > this.#last || offset < oldest - 1) return undefined;
    return this.#kept.slice(offset - oldest + 1);
  }
}

const sizeOf = ({ message, whole }: PublishedMessage): number => message.data.byteLength + (whole === message ? 0 : whole.data.byteLength);
