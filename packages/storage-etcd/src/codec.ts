import { etcd } from "./gen/wire.js";

/** A message type as protobufjs' static code has it. */
export interface WireMessage {
  encode(message: object): { finish(): Uint8Array };
  /** Throws on bytes that are no such message. */
  decode(bytes: Uint8Array): object;
}

/** The message types of a package, by name. */
export interface WireNamespace {
  readonly [name: string]: WireMessage | WireNamespace;
}

/** A 64-bit integer as protobufjs reads it. */
export type Int64 = number | { readonly low: number; readonly high: number };

export const toBigInt = (value: Int64): bigint => (typeof value === "number" ? BigInt(value) : (BigInt(value.high) << 32n) | BigInt(value.low >>> 0));

/** One message type between its object and its bytes. */
export interface Codec<Message> {
  readonly encode: (message: Message) => Buffer;
  /** Byte fields are views of `bytes`. Throws on bytes that are no such message. */
  readonly decode: (bytes: Buffer) => Message;
}

export function codec<Message extends object>(name: string): Codec<Message> {
  const wire = etcd[name];
  if (wire === undefined || !isMessage(wire)) throw new Error(`no message type ${name}`);
  return {
    encode: (message) => asBuffer(wire.encode(message).finish()),
    // The generated code gives exactly the fields of the .proto file, each with its zero value where the message has none.
    decode: (bytes) => wire.decode(bytes) as Message,
  };
}

const isMessage = (value: WireMessage | WireNamespace): value is WireMessage => typeof value["encode"] === "function";
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
