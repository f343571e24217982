import { TimeLimit } from "@dataplane/meta";
import { Client, type ClientOptions, credentials, type CallOptions as GrpcJsCallOptions, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { certificatePem } from "./certificate.js";
import { detailsTrailer, errorInfoOf } from "./error-details.js";
import {
  type CallOptions,
  defaultMaxMessageBytes,
  GrpcCode,
  GrpcError,
  type GrpcLink,
  type LinkOptions,
  type LinkTarget,
  MessageTooLarge,
} from "./grpc-link.js";
import { metadataFields } from "./metadata-fields.js";
import { peerSlackMs } from "./peer-deadline.js";

const options: ClientOptions = {
  "grpc.max_send_message_length": -1,
  // A plugin is on this machine; HTTP_PROXY is not for it.
  "grpc.enable_http_proxy": 0,
  // A link is one connection to one process: nothing is shared, nothing is looked up, and whoever called decides whether to call again.
  "grpc.use_local_subchannel_pool": 1,
  "grpc.service_config_disable_resolution": 1,
  "grpc.enable_retries": 0,
  // The name on an AutoMTLS certificate, and a valid :authority for a unix socket.
  "grpc.default_authority": "localhost",
  "grpc.ssl_target_name_override": "localhost",
  "grpc-node.flow_control_window": 4 << 20,
};

/** The link on `@grpc/grpc-js`. */
export async function openGrpcJsLink(
  target: LinkTarget,
  timeoutMs: number,
  { maxMessageBytes = defaultMaxMessageBytes }: LinkOptions = {},
): Promise<GrpcLink> {
  const client = new Client(addressOf(target.address), credentialsOf(target.tls), {
    ...options,
    "grpc.max_receive_message_length": maxMessageBytes,
  });
  try {
    await ready(client, timeoutMs);
  } catch (cause) {
    client.close();
    throw new GrpcError(GrpcCode.Unavailable, `no gRPC connection within ${timeoutMs} ms`, { cause });
  }
  return {
    unary: (method, request, call) => unary(client, method, request, call).catch((thrown: unknown) => tooLarge(thrown, maxMessageBytes)),
    serverStream: (method, request, call) => bounded(serverStream(client, method, request, call), maxMessageBytes),
    close: () => client.close(),
  };
}

function unary(client: Client, method: string, request: Uint8Array, { signal, timeoutMs, metadata }: CallOptions): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(canceled());
      return;
    }
    const limit = new TimeLimit({ ms: timeoutMs, signal });
    const call = client.makeUnaryRequest(method, asBuffer, asBytes, request, metadataOf(metadata), deadlineOf(timeoutMs), (error, response) => {
      limit.release();
      if (error !== null) reject(toGrpcError(error, limit));
      else if (response === undefined) reject(new GrpcError(GrpcCode.Internal, "the plugin answered without a message"));
      else resolve(response);
    });
    limit.signal.addEventListener("abort", () => call.cancel(), { once: true });
  });
}

async function* serverStream(
  client: Client,
  method: string,
  request: Uint8Array,
  { signal, timeoutMs, metadata }: CallOptions,
): AsyncGenerator<Uint8Array> {
  if (signal.aborted) throw canceled();
  const limit = new TimeLimit({ ms: timeoutMs, signal });
  const call = client.makeServerStreamRequest(method, asBuffer, asBytes, request, metadataOf(metadata), deadlineOf(timeoutMs));
  limit.signal.addEventListener("abort", () => call.cancel(), { once: true });
  try {
    for await (const message of call) yield message as Uint8Array;
  } catch (thrown) {
    throw toGrpcError(thrown, limit);
  } finally {
    limit.release();
    // Stopping the iteration is the caller's way to cancel; the error that this makes has no reader any more.
    call.on("error", () => undefined);
    call.cancel();
  }
}

async function* bounded(messages: AsyncGenerator<Uint8Array>, limitBytes: number): AsyncGenerator<Uint8Array> {
  try {
    yield* messages;
  } catch (thrown) {
    tooLarge(thrown, limitBytes);
  }
}

/** The library's own refusal of a large message has no type, only words. */
function tooLarge(thrown: unknown, limitBytes: number): never {
  const isRefusal = thrown instanceof GrpcError && thrown.code === GrpcCode.ResourceExhausted && thrown.message.startsWith(refusal);
  throw isRefusal ? new MessageTooLarge(limitBytes) : thrown;
}

const refusal = "Received message larger than max";

function ready(client: Client, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    client.waitForReady(Date.now() + timeoutMs, (error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
  });
}

function addressOf(address: LinkTarget["address"]): string {
  if (address.network === "unix") return `unix:${address.path}`;
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

function credentialsOf(tls: LinkTarget["tls"]) {
  if (tls === undefined) return credentials.createInsecure();
  const { key, cert, serverCert } = tls;
  return credentials.createSsl(Buffer.from(certificatePem(serverCert)), Buffer.from(key), Buffer.from(cert), {
    // The certificate is marked as a CA: one that it signed would pass the chain's check, but is not the one we were shown.
    checkServerIdentity: (_host, shown) =>
      Buffer.compare(shown.raw, serverCert) === 0 ? undefined : new Error("another certificate than the plugin announced"),
  });
}

function metadataOf(entries: CallOptions["metadata"]): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of metadataFields(entries)) metadata.set(name, value);
  return metadata;
}

const deadlineOf = (timeoutMs: number | undefined): GrpcJsCallOptions =>
  timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs + peerSlackMs };
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const asBytes = (buffer: Buffer): Uint8Array => buffer;
const canceled = (): GrpcError => new GrpcError(GrpcCode.Canceled, "the call was cancelled");

function toGrpcError(thrown: unknown, { signal, isOver }: TimeLimit): GrpcError {
  if (isOver) return new GrpcError(GrpcCode.DeadlineExceeded, "the deadline passed");
  if (signal.aborted) return canceled();
  if (!isServiceError(thrown)) return new GrpcError(GrpcCode.Internal, "the call failed", { cause: thrown });
  const details = thrown.metadata.get(detailsTrailer)[0];
  const metadata = details instanceof Uint8Array ? errorInfoOf(details) : {};
  // A handler that panics resets its stream as if cancelled, yet nobody here did.
  if (thrown.code === status.CANCELLED) return new GrpcError(GrpcCode.Unknown, `the plugin broke off the call: ${thrown.details}`, { metadata });
  return new GrpcError(codeOf(thrown.code), thrown.details, { metadata });
}

const codes: ReadonlyMap<number, GrpcCode> = new Map(Object.values(GrpcCode).map((code) => [code, code]));
const codeOf = (code: number): GrpcCode => codes.get(code) ?? GrpcCode.Unknown;
const isServiceError = (thrown: unknown): thrown is ServiceError =>
  thrown instanceof Error && "code" in thrown && "metadata" in thrown && thrown.metadata instanceof Metadata;
