import { MessageTooLarge } from "../grpc-link.js";
import { largeBuffers } from "../large-buffers.js";

/** What a peer sent is no sequence of gRPC messages. */
export class MessageError extends Error {
  override readonly name = "MessageError";
}

const prefixLength = 5;
/** What a peer only announces costs no more: a larger message gets its memory when so much of it has come. */
const firstBytes = 512 << 10;
/** And no more than this at once. */
const trustedBytes = 8 << 20;

/** Cuts the body of a gRPC answer into messages: one byte of flags, four of length, the message. Copies nearly each byte once, to its place. */
export class GrpcMessageReader {
  readonly #maxBytes: number;
  readonly #prefix = Buffer.allocUnsafe(prefixLength);
  #prefixFilled = 0;
  /** The message that is being read, and its length in the end. */
  #message: Buffer | undefined;
  #length = 0;
  #filled = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of a message that is not whole yet. */
  get pending(): number {
    return this.#prefixFilled + this.#filled;
  }

  /** Bytes that a message lacks which has begun; 0 between messages. */
  get missing(): number {
    return this.#message === undefined ? 0 : this.#length - this.#filled;
  }

  /**
   * The messages that are whole now; `data` may be used again for something else. Throws MessageError on a compressed one, which we never
   * ask for, and MessageTooLarge as soon as a message says that it is too large: nothing of it is kept.
   */
  push(data: Buffer): readonly Buffer[] {
    const messages: Buffer[] = [];
    let at = 0;
    while (at < data.length) {
      at += this.#message === undefined ? this.#readPrefix(data, at) : this.#readMessage(this.#message, data, at);
      if (this.#message === undefined || this.#filled < this.#length) continue;
      messages.push(this.#message);
      this.#message = undefined;
      this.#prefixFilled = 0;
      this.#filled = 0;
    }
    return messages;
  }

  #readPrefix(data: Buffer, at: number): number {
    const copied = data.copy(this.#prefix, this.#prefixFilled, at, at + prefixLength - this.#prefixFilled);
    this.#prefixFilled += copied;
    if (this.#prefixFilled < prefixLength) return copied;
    const length = this.#prefix.readUInt32BE(1);
    if (this.#prefix[0] !== 0) throw new MessageError("a compressed message");
    if (length > this.#maxBytes) throw new MessageTooLarge(this.#maxBytes);
    this.#length = length;
    this.#message = largeBuffers.take(Math.min(length, firstBytes));
    return copied;
  }

  #readMessage(message: Buffer, data: Buffer, at: number): number {
    const take = Math.min(this.#length - this.#filled, data.length - at);
    const target = this.#filled + take > message.length ? this.#grow(message) : message;
    data.copy(target, this.#filled, at, at + take);
    this.#filled += take;
    return take;
  }

  /** At least twice the room: a piece is never larger than what was there before. */
  #grow(message: Buffer): Buffer {
    const larger = largeBuffers.take(Math.min(this.#length, Math.max(trustedBytes, message.length * 2)));
    message.copy(larger, 0, 0, this.#filled);
    largeBuffers.giveBack(message);
    this.#message = larger;
    return larger;
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
