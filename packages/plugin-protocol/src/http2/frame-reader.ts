import { ConnectionError, defaultMaxFrameSize, ErrorCode, type Frame, headerLength } from "./frame.js";

/** Cuts the bytes of a connection into frames. Payloads are views of what came in. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  /** Throws ConnectionError on a frame that is larger than we allow. */
  push(data: Buffer): void {
    // At most one frame's beginning is kept, so this copies little.
    const bytes = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    let at = 0;
    while (bytes.length - at >= headerLength) {
      const length = bytes.readUIntBE(at, 3);
      if (length > defaultMaxFrameSize) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `a frame of ${length} bytes`);
      const end = at + headerLength + length;
      if (end > bytes.length) break;
      const payload = bytes.subarray(at + headerLength, end);
      this.#onFrame({ type: bytes.readUInt8(at + 3), flags: bytes.readUInt8(at + 4), streamId: bytes.readUInt32BE(at + 5) & 0x7fff_ffff, payload });
      at = end;
    }
    this.#rest = bytes.subarray(at);
  }
}
