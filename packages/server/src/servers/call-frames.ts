import { ApiError, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { PluginUnavailable } from "@dataplane/plugin-host";
import { GrpcCode, GrpcError, MessageTooLarge } from "@dataplane/plugin-protocol";

/** How an answer between servers goes on: messages, and one end that says how it ended. An answer without an end broke off. */
const kinds = { message: 0, end: 1 } as const;
const headBytes = 5;

export type Frame = { readonly kind: "message"; readonly data: Uint8Array } | { readonly kind: "end"; readonly outcome: JsonObject };

export const messageFrame = (data: Uint8Array): readonly Uint8Array[] => [head(kinds.message, data.byteLength), data];

/** Of what was thrown, or of a call that went well. */
export function endFrame(thrown?: unknown): Uint8Array {
  const text = Buffer.from(JSON.stringify(thrown === undefined ? {} : outcomeOf(thrown)));
  return Buffer.concat([head(kinds.end, text.byteLength), text]);
}

function head(kind: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(headBytes);
  bytes.writeUInt8(kind, 0);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

function outcomeOf(thrown: unknown): JsonObject {
  if (thrown instanceof PluginUnavailable) {
    const { pluginId, reason, message, retryAfterSeconds } = thrown;
    return { unavailable: { pluginId, reason, message, retryAfterSeconds } };
  }
  if (thrown instanceof MessageTooLarge) return { tooLarge: thrown.limitBytes };
  if (thrown instanceof GrpcError) return { grpc: { code: thrown.code, message: thrown.message, metadata: { ...thrown.metadata } } };
  const { reason, message } = ApiError.from(thrown);
  return { api: { reason, message: reason === "InternalError" ? "the other server failed" : message } };
}

/** What the other side threw; undefined for a call that went well. */
export function thrownOf(outcome: JsonObject): Error | undefined {
  const { unavailable, tooLarge, grpc, api } = outcome;
  if (isJsonObject(unavailable)) {
    const { retryAfterSeconds } = unavailable;
    return new PluginUnavailable({
      pluginId: textOf(unavailable["pluginId"]),
      reason: textOf(unavailable["reason"]),
      message: textOf(unavailable["message"]),
      retryAfterSeconds: typeof retryAfterSeconds === "number" ? retryAfterSeconds : 1,
    });
  }
  if (typeof tooLarge === "number") return new MessageTooLarge(tooLarge);
  if (isJsonObject(grpc)) return grpcErrorOf(grpc);
  if (isJsonObject(api)) return new ApiError(reasonOf(api["reason"]), textOf(api["message"]));
  return undefined;
}

function grpcErrorOf({ code, message, metadata }: JsonObject): GrpcError {
  const known = Object.values(GrpcCode).find((it) => it === code) ?? GrpcCode.Unknown;
  const texts = isJsonObject(metadata) ? Object.entries(metadata).flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : [])) : [];
  return new GrpcError(known, textOf(message), { metadata: Object.fromEntries(texts) as Record<string, string> });
}

const passedOn = ["BadRequest", "Forbidden", "NotFound", "NotImplemented", "Conflict", "TooManyRequests", "Timeout", "ServiceUnavailable"] as const;
const reasonOf = (value: JsonValue | undefined): (typeof passedOn)[number] | "BadGateway" => passedOn.find((it) => it === value) ?? "BadGateway";

const textOf = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");

/** Cuts an answer into its frames. Throws MessageTooLarge; ends where the answer does. */
export async function* framesOf(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Frame> {
  let pieces: Uint8Array[] = [];
  let waiting = 0;
  /** So much has to be there before it is looked at again: a large message is put together once. */
  let wanted = headBytes;
  for await (const piece of body) {
    pieces.push(piece);
    waiting += piece.byteLength;
    if (waiting < wanted) continue;
    let bytes = Buffer.concat(pieces);
    for (wanted = frameLength(bytes, maxBytes); bytes.byteLength >= wanted; wanted = frameLength(bytes, maxBytes)) {
      yield frameOf(bytes[0] ?? 0, bytes.subarray(headBytes, wanted));
      bytes = bytes.subarray(wanted);
    }
    pieces = [bytes];
    waiting = bytes.byteLength;
  }
}

/** Of the frame that begins there, or of as much as is needed to know. */
function frameLength(bytes: Buffer, maxBytes: number): number {
  if (bytes.byteLength < headBytes) return headBytes;
  const length = bytes.readUInt32BE(1);
  if (length > maxBytes) throw new MessageTooLarge(maxBytes);
  return headBytes + length;
}

function frameOf(kind: number, data: Buffer): Frame {
  if (kind === kinds.message) return { kind: "message", data: new Uint8Array(data) };
  const outcome: unknown = JSON.parse(data.toString("utf8"));
  return { kind: "end", outcome: isJsonObject(outcome) ? outcome : {} };
}
