import { GrpcCode, GrpcError } from "./grpc-link.js";
import { plainObject } from "./plain-object.js";
import { type WireNamespace, wireMessage } from "./wire-message.js";

/** One message type, between its plain object and its bytes. */
export interface Codec<Message> {
  readonly encode: (message: Message) => Uint8Array;
  /** Byte fields are views of `bytes`. Throws GrpcError Internal on bytes that are no such message. */
  readonly decode: (bytes: Uint8Array) => Message;
}

export function codec<Message extends object>(root: WireNamespace, name: string): Codec<Message> {
  const wire = wireMessage(root, name);
  return {
    encode: (message) => wire.encode(message).finish(),
    decode: (bytes) => {
      try {
        // The generated type is the check: plainObject gives exactly the fields of the .proto file.
        return plainObject(wire.decode(bytes)) as Message;
      } catch (cause) {
        throw new GrpcError(GrpcCode.Internal, `the peer sent bytes that are no ${name}`, { cause });
      }
    },
  };
}
