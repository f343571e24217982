import { ConnectionError, ErrorCode, Flag, type Frame, FrameType, withoutPadding } from "./frame.js";
import { maxHeaderListSize } from "./hpack-decoder.js";

/** A header block that is whole, and the HEADERS frame that began it. */
export interface WholeBlock {
  readonly first: Frame;
  readonly bytes: Buffer;
}

/** Joins HEADERS and the CONTINUATION frames after it, between which nothing else may come (RFC 9113, 6.10). */
export class HeaderBlockCollector {
  #open: { readonly first: Frame; readonly pieces: Buffer[]; size: number } | undefined;

  /** Throws ConnectionError when this frame may not come now. */
  admit({ type }: Frame): void {
    if (this.#open !== undefined && type !== FrameType.CONTINUATION) throw protocolError("a frame inside a header block");
  }

  /** Takes a HEADERS frame; gives the block when that was all. */
  begin(frame: Frame): WholeBlock | undefined {
    if (frame.streamId === 0) throw protocolError("HEADERS without a stream");
    const content = withoutPadding(frame);
    this.#open = { first: frame, pieces: [], size: 0 };
    return this.#take(this.#open, frame, (frame.flags & Flag.PRIORITY) === 0 ? content : content.subarray(5));
  }

  /** Takes a CONTINUATION frame; gives the block when that was the last. */
  append(frame: Frame): WholeBlock | undefined {
    if (this.#open === undefined || this.#open.first.streamId !== frame.streamId) throw protocolError("CONTINUATION of nothing");
    return this.#take(this.#open, frame, frame.payload);
  }

  #take(open: { readonly first: Frame; readonly pieces: Buffer[]; size: number }, frame: Frame, piece: Buffer): WholeBlock | undefined {
    const isWhole = (frame.flags & Flag.END_HEADERS) !== 0;
    // A payload is the reader's, which uses its memory again.
    open.pieces.push(isWhole ? piece : Buffer.from(piece));
    open.size += piece.length;
    if (open.size > maxHeaderListSize) throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, "too many headers");
    if (!isWhole) return undefined;
    this.#open = undefined;
    return { first: open.first, bytes: Buffer.concat(open.pieces) };
  }
}

const protocolError = (message: string): ConnectionError => new ConnectionError(ErrorCode.PROTOCOL_ERROR, message);
