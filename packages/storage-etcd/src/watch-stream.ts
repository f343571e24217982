import type { ClientDuplexStream } from "@grpc/grpc-js";
import type { Connected } from "./cluster.js";
import { faultOf } from "./etcd-fault.js";
import type { WatchRequest, WatchResponse } from "./messages.js";

export interface WatchRange {
  readonly key: Uint8Array;
  readonly rangeEnd?: Uint8Array;
}

export interface WatchStreamOptions {
  readonly on: Connected;
  readonly range: WatchRange;
  /** The first revision to give. */
  readonly start: bigint;
  readonly onResponse: (response: WatchResponse) => void;
}

/** One watch on one member, for as long as its connection lasts. */
export class WatchStream {
  readonly #stream: ClientDuplexStream<WatchRequest, WatchResponse>;
  /** Resolves when it was cancelled here; rejects with an EtcdFault when it broke, or with what `onResponse` threw. */
  readonly ended: Promise<void>;
  #cancelled = false;

  constructor({ on: { member, token }, range, start, onResponse }: WatchStreamOptions) {
    const stream = member.watch(token);
    this.#stream = stream;
    this.ended = new Promise((resolve, reject) => {
      stream.on("data", (response: WatchResponse) => {
        if (this.#cancelled) return;
        try {
          onResponse(response);
        } catch (thrown) {
          this.cancel();
          reject(thrown instanceof Error ? thrown : faultOf(thrown));
        }
      });
      stream.on("error", (error) => {
        if (this.#cancelled) resolve();
        else reject(faultOf(error));
      });
      stream.on("end", () => {
        if (this.#cancelled) resolve();
        else reject(faultOf(undefined));
      });
    });
    stream.write({ createRequest: { ...range, startRevision: Number(start), prevKv: true, fragment: true } });
  }

  /** An answer without events comes once all before its revision were given. */
  askProgress(): void {
    if (!this.#cancelled) this.#stream.write({ progressRequest: {} });
  }

  cancel(): void {
    this.#cancelled = true;
    this.#stream.cancel();
  }
}
