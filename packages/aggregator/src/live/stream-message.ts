import type { StreamMessage } from "./channels.js";

/** A message that keeps its bytes in each form, for all its readers. */
export class EncodedMessage implements StreamMessage {
  readonly offset: number;
  readonly data: Uint8Array;
  readonly hasSchema: boolean;
  /** One form is what nearly all messages are read in. */
  #form = "";
  #encoded: Uint8Array | undefined;
  #others: Map<string, Uint8Array> | undefined;

  constructor(offset: number, data: Uint8Array, hasSchema: boolean) {
    this.offset = offset;
    this.data = data;
    this.hasSchema = hasSchema;
  }

  as(form: string, encode: (message: StreamMessage) => Uint8Array): Uint8Array {
    if (this.#encoded === undefined) {
      this.#form = form;
      this.#encoded = encode(this);
    }
    if (form === this.#form) return this.#encoded;
    this.#others ??= new Map();
    const known = this.#others.get(form) ?? encode(this);
    this.#others.set(form, known);
    return known;
  }
}

/** One message as the channel holds it: `whole` for a reader that does not know the schema yet. */
export interface PublishedMessage {
  readonly message: StreamMessage;
  /** The same object when the message has its schema, or none is known. */
  readonly whole: StreamMessage;
}
