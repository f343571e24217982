import { ConnectionError, defaultMaxFrameSize, ErrorCode, type Frame, headerLength } from "./frame.js";

/** Cuts the bytes of a connection into frames. Payloads are views, and mean nothing after `onFrame`: who keeps bytes copies them. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  /** The beginning of a frame that is not whole yet. */
  #partial: Buffer | undefined;
  #held = 0;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  /** Throws ConnectionError on a frame that is larger than we allow. */
  push(data: Buffer): void {
    let at = this.#held === 0 ? 0 : this.#complete(data);
    while (this.#held === 0 && data.length - at >= headerLength) {
      const end = at + headerLength + payloadLength(data, at);
      if (end > data.length) break;
      this.#emit(data, at, end);
      at = end;
    }
    if (at < data.length) this.#hold(data.subarray(at));
  }

  /** Ends the frame that is held, if there is enough for it; gives where the next begins. */
  #complete(data: Buffer): number {
    let at = 0;
    if (this.#held < headerLength) {
      at = Math.min(headerLength - this.#held, data.length);
      this.#hold(data.subarray(0, at));
      if (this.#held < headerLength) return at;
    }
    const partial = this.#partial ?? Buffer.alloc(0);
    const end = headerLength + payloadLength(partial, 0);
    const missing = end - this.#held;
    if (missing > data.length - at) return at;
    data.copy(partial, this.#held, at, at + missing);
    // Before it is handed on, which may throw.
    this.#held = 0;
    this.#emit(partial, 0, end);
    return at + missing;
  }

  #hold(bytes: Buffer): void {
    this.#partial ??= Buffer.allocUnsafe(headerLength + defaultMaxFrameSize);
    bytes.copy(this.#partial, this.#held);
    this.#held += bytes.length;
  }

  #emit(bytes: Buffer, at: number, end: number): void {
    const payload = bytes.subarray(at + headerLength, end);
    this.#onFrame({ type: bytes.readUInt8(at + 3), flags: bytes.readUInt8(at + 4), streamId: bytes.readUInt32BE(at + 5) & 0x7fff_ffff, payload });
  }
}

function payloadLength(bytes: Buffer, at: number): number {
  const length = bytes.readUIntBE(at, 3);
  if (length > defaultMaxFrameSize) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `a frame of ${length} bytes`);
  return length;
}
