import type { Duplex } from "node:stream";
import { Flag, FrameType, frame, frameHeader, uint32 } from "./frame.js";

/** Writes frames; those of one turn of the event loop leave in one system call. */
export class FrameWriter {
  readonly #socket: Duplex;
  #corked = false;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** Bytes that the peer has not taken yet. */
  get backlog(): number {
    return this.#socket.writableLength;
  }

  raw(bytes: Uint8Array): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(bytes);
  }

  frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    this.raw(frame(type, flags, streamId, payload));
  }

  /** Without copying the payload. */
  data(streamId: number, payload: Uint8Array, end: boolean): void {
    this.raw(frameHeader(FrameType.DATA, end ? Flag.END_STREAM : 0, streamId, payload.length));
    if (payload.length > 0) this.raw(payload);
  }

  /** A header block, in as many frames as the peer's limit makes of it. */
  headers(streamId: number, block: Uint8Array, maxFrameSize: number): void {
    for (let at = 0; at === 0 || at < block.length; at += maxFrameSize) {
      const isLast = at + maxFrameSize >= block.length;
      const type = at === 0 ? FrameType.HEADERS : FrameType.CONTINUATION;
      this.frame(type, isLast ? Flag.END_HEADERS : 0, streamId, block.subarray(at, at + maxFrameSize));
    }
  }

  windowUpdate(streamId: number, increment: number): void {
    this.frame(FrameType.WINDOW_UPDATE, 0, streamId, uint32(increment));
  }

  reset(streamId: number, code: number): void {
    this.frame(FrameType.RST_STREAM, 0, streamId, uint32(code));
  }

  goAway(code: number): void {
    // We accept no streams from a server, so the last one is 0.
    this.frame(FrameType.GOAWAY, 0, 0, Buffer.concat([uint32(0), uint32(code)]));
  }
}
