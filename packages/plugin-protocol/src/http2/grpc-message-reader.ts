import { MessageTooLarge } from "../grpc-link.js";

/** What a peer sent is no sequence of gRPC messages. */
export class MessageError extends Error {
  override readonly name = "MessageError";
}

const prefixLength = 5;

/** Cuts the body of a gRPC answer into messages: one byte of flags, four of length, the message. */
export class GrpcMessageReader {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of a message that is not whole yet. */
  get pending(): number {
    return this.#bytes;
  }

  /**
   * The messages that are whole now. Throws MessageError on a compressed one, which we never ask for, and MessageTooLarge as soon as a
   * message says that it is too large: nothing of it is kept.
   */
  push(data: Buffer): readonly Buffer[] {
    this.#pieces.push(data);
    this.#bytes += data.length;
    const messages: Buffer[] = [];
    while (this.#bytes >= prefixLength) {
      const { flags, length } = this.#prefix();
      if (flags !== 0) throw new MessageError("a compressed message");
      if (length > this.#maxBytes) throw new MessageTooLarge(this.#maxBytes);
      if (this.#bytes < prefixLength + length) break;
      const bytes = this.#join();
      messages.push(bytes.subarray(prefixLength, prefixLength + length));
      const rest = bytes.subarray(prefixLength + length);
      this.#pieces = rest.length > 0 ? [rest] : [];
      this.#bytes = rest.length;
    }
    return messages;
  }

  #prefix(): { readonly flags: number; readonly length: number } {
    // Mostly the first piece holds it all; only a prefix that was cut is joined.
    const first = this.#pieces[0];
    const start = first !== undefined && first.length >= prefixLength ? first : this.#join();
    return { flags: start.readUInt8(0), length: start.readUInt32BE(1) };
  }

  #join(): Buffer {
    const [only] = this.#pieces;
    const joined = this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
    this.#pieces = [joined];
    return joined;
  }
}

/** A message with its prefix, as the body of a request. */
export function framedMessage(message: Uint8Array): Buffer {
  const body = Buffer.allocUnsafe(prefixLength + message.length);
  body[0] = 0;
  body.writeUInt32BE(message.length, 1);
  body.set(message, prefixLength);
  return body;
}
