import type { HeaderMap } from "./hpack-decoder.js";
import { ReceiveWindow } from "./receive-window.js";

/** Who takes what comes back on a stream. */
export interface StreamHandler {
  onHeaders(headers: HeaderMap, end: boolean): void;
  onData(data: Buffer, end: boolean): void;
  /** The peer reset the stream. */
  onReset(code: number): void;
  /** The connection ended, or will not take this request; nothing more comes. */
  onLost(error: Error): void;
}

/** How many bytes of a stream the peer may send before we say more: a large message gets a window of its own. */
export const streamWindow = 512 << 10;

/** A request's way: what is left of it to send, and the windows of both directions. */
export class ClientStream {
  readonly id: number;
  readonly handler: StreamHandler;
  /** Bytes that the peer lets us send. */
  sendWindow: number;
  readonly receiveWindow = new ReceiveWindow(streamWindow);
  #body: Buffer;

  constructor(options: { readonly id: number; readonly handler: StreamHandler; readonly sendWindow: number; readonly body: Buffer }) {
    this.id = options.id;
    this.handler = options.handler;
    this.sendWindow = options.sendWindow;
    this.#body = options.body;
  }

  get unsent(): number {
    return this.#body.length;
  }

  /** The next piece of the body, at most `room` bytes. */
  take(room: number): Buffer {
    const piece = this.#body.subarray(0, room);
    this.#body = this.#body.subarray(piece.length);
    this.sendWindow -= piece.length;
    return piece;
  }
}
