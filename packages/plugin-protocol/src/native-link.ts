import { TimeLimit } from "@dataplane/meta";
import { type CallOptions, defaultMaxMessageBytes, GrpcCode, GrpcError, type GrpcLink, type LinkOptions, type LinkTarget } from "./grpc-link.js";
import { ClientConnection } from "./http2/client-connection.js";
import { connectSocket, type ReadSocket } from "./http2/connect.js";
import { GrpcCall } from "./http2/grpc-call.js";
import { framedMessage } from "./http2/grpc-message-reader.js";
import { encodeHeaders } from "./http2/hpack-encoder.js";
import { MessageQueue } from "./http2/message-queue.js";
import { metadataFields } from "./metadata-fields.js";
import { peerSlackMs } from "./peer-deadline.js";

/** The link on our own HTTP/2: for plugin processes over local sockets, and nothing else. */
export async function openNativeLink(
  target: LinkTarget,
  timeoutMs: number,
  { maxMessageBytes = defaultMaxMessageBytes }: LinkOptions = {},
): Promise<GrpcLink> {
  const limit = new TimeLimit({ ms: timeoutMs });
  try {
    const connection = await connectedTo(await connectSocket(target, limit.signal), limit.signal);
    return new NativeLink(connection, { scheme: target.tls === undefined ? "http" : "https", maxMessageBytes });
  } catch (cause) {
    throw new GrpcError(GrpcCode.Unavailable, `no gRPC connection: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  } finally {
    limit.release();
  }
}

/** Resolves when the peer's first SETTINGS are here. */
function connectedTo({ socket, listen }: ReadSocket, limit: AbortSignal): Promise<ClientConnection> {
  return new Promise((resolve, reject) => {
    const done = (act: () => void) => (): void => {
      limit.removeEventListener("abort", late);
      socket.off("close", closed);
      act();
    };
    const connection = new ClientConnection(socket, () => ready());
    const ready = done(() => resolve(connection));
    const closed = done(() => reject(new Error("the plugin closed the connection")));
    const late = done(() => {
      socket.destroy();
      reject(new Error("no HTTP/2 settings in time"));
    });
    socket.once("close", closed);
    limit.addEventListener("abort", late, { once: true });
    listen((data) => connection.read(data));
  });
}

const mostBlocks = 500;
const longestKeptKey = 500;

class NativeLink implements GrpcLink {
  readonly #connection: ClientConnection;
  readonly #scheme: "http" | "https";
  readonly #maxMessageBytes: number;
  /** The part of a call's headers that is always the same, by method. */
  readonly #prefixes = new Map<string, Buffer>();
  /** Whole header blocks of calls, by what they say. */
  readonly #blocks = new Map<string, Buffer>();

  constructor(connection: ClientConnection, { scheme, maxMessageBytes }: { readonly scheme: "http" | "https"; readonly maxMessageBytes: number }) {
    this.#connection = connection;
    this.#scheme = scheme;
    this.#maxMessageBytes = maxMessageBytes;
  }

  unary(method: string, request: Uint8Array, options: CallOptions): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      let answer: Buffer | undefined;
      let count = 0;
      this.#call(method, request, options, {
        held: 0,
        onMessage: (message) => {
          answer = message;
          count += 1;
        },
        onEnd: (error) => {
          if (error !== undefined) reject(error);
          else if (answer === undefined || count !== 1)
            reject(new GrpcError(GrpcCode.Internal, `the plugin answered with ${count} messages, not one`));
          else resolve(answer);
        },
      });
    });
  }

  async *serverStream(method: string, request: Uint8Array, options: CallOptions): AsyncGenerator<Uint8Array> {
    const queue = new MessageQueue();
    const call = this.#call(method, request, options, queue);
    try {
      for (let message = await queue.next(); message !== undefined; message = await queue.next()) {
        call.taken();
        yield message;
      }
    } finally {
      call.cancel();
    }
  }

  close(): void {
    this.#connection.close();
  }

  #call(method: string, request: Uint8Array, options: CallOptions, sink: ConstructorParameters<typeof GrpcCall>[3]): GrpcCall {
    if (options.signal.aborted) throw new GrpcError(GrpcCode.Canceled, "the call was cancelled");
    const headers = this.#headers(method, options);
    return new GrpcCall(this.#connection, { headers, body: framedMessage(request), maxMessageBytes: this.#maxMessageBytes }, options, sink);
  }

  /** Blocks depend on nothing before them: that of calls which say the same is made once. */
  #headers(method: string, { timeoutMs, metadata = {} }: CallOptions): Buffer {
    let key = `${method} ${timeoutMs ?? ""}`;
    for (const name of Object.keys(metadata)) {
      const value = metadata[name] ?? "";
      key += `\n${name}:${value.length}:${value}`;
    }
    const known = this.#blocks.get(key);
    if (known !== undefined) return known;
    const block = Buffer.concat([this.#prefix(method), encodeHeaders([...timeoutField(timeoutMs), ...metadataFields(metadata)])]);
    // A trace's id is never sent again.
    if (metadata["traceparent"] !== undefined || key.length > longestKeptKey) return block;
    if (this.#blocks.size >= mostBlocks) this.#blocks.clear();
    this.#blocks.set(key, block);
    return block;
  }

  #prefix(method: string): Buffer {
    const known = this.#prefixes.get(method);
    if (known !== undefined) return known;
    const prefix = encodeHeaders([
      [":method", "POST"],
      [":scheme", this.#scheme],
      [":path", method],
      [":authority", "localhost"],
      ["content-type", "application/grpc"],
      ["te", "trailers"],
      ["user-agent", "dataplane-grpc"],
    ]);
    this.#prefixes.set(method, prefix);
    return prefix;
  }
}

/** At most eight digits, so long ones are told in seconds. */
function timeoutField(timeoutMs: number | undefined): readonly (readonly [string, string])[] {
  if (timeoutMs === undefined) return [];
  const ms = Math.max(1, Math.ceil(timeoutMs)) + peerSlackMs;
  return [["grpc-timeout", ms < 1e8 ? `${ms}m` : `${Math.min(Math.ceil(ms / 1000), 99_999_999)}S`]];
}
