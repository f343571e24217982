/** Codes of gRPC (https://grpc.io/docs/guides/status-codes/). */
export const GrpcCode = {
  OK: 0,
  Canceled: 1,
  Unknown: 2,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  AlreadyExists: 6,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  Aborted: 10,
  OutOfRange: 11,
  Unimplemented: 12,
  Internal: 13,
  Unavailable: 14,
  DataLoss: 15,
  Unauthenticated: 16,
} as const;
export type GrpcCode = (typeof GrpcCode)[keyof typeof GrpcCode];

/** A call that failed as a call. `metadata` holds google.rpc.ErrorInfo's metadata where the peer sent it. */
export class GrpcError extends Error {
  override readonly name = "GrpcError";
  readonly code: GrpcCode;
  readonly metadata: Readonly<Record<string, string>>;

  constructor(code: GrpcCode, message: string, options: { metadata?: Readonly<Record<string, string>>; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.metadata = options.metadata ?? {};
  }
}

/** A message of the peer that is larger than this side takes. It was not read. */
export class MessageTooLarge extends GrpcError {
  readonly limitBytes: number;

  constructor(limitBytes: number) {
    super(GrpcCode.ResourceExhausted, `the peer sent a message of more than ${limitBytes} bytes`);
    this.limitBytes = limitBytes;
  }
}

export interface CallOptions {
  /** Cancels the call: the peer sees it as cancelled, the caller gets a GrpcError with code Canceled. */
  readonly signal: AbortSignal;
  /** Ends the call with DeadlineExceeded; the peer is told by `grpc-timeout`. No limit when absent. */
  readonly timeoutMs?: number;
  /** Lower-case names; such as `tenantid`, `traceparent`. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** One connection to one plugin process. Bytes in, bytes out: the messages are its caller's. */
export interface GrpcLink {
  /** `method` is a full name such as `/pluginv2.Data/QueryData`. Throws GrpcError. */
  unary(method: string, request: Uint8Array, options: CallOptions): Promise<Uint8Array>;
  /** Ends with the peer's stream; stopping the iteration cancels the call. Throws GrpcError. */
  serverStream(method: string, request: Uint8Array, options: CallOptions): AsyncIterable<Uint8Array>;
  close(): void;
}

/** Where a plugin listens, as its handshake line said, and how it is to be trusted. */
export interface LinkTarget {
  readonly address: { readonly network: "unix"; readonly path: string } | { readonly network: "tcp"; readonly host: string; readonly port: number };
  /** AutoMTLS: PEM of our key and certificate, DER of the one certificate the plugin may show. Plaintext when absent. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly serverCert: Uint8Array };
}

/** Bounds of a link. */
export interface LinkOptions {
  /** Largest message that is taken from the peer; a call that gets a larger one fails with MessageTooLarge. 256 MiB when absent. */
  readonly maxMessageBytes?: number;
}

export const defaultMaxMessageBytes = 256 << 20;

/** Connects within `timeoutMs`, or throws GrpcError Unavailable. The choice of implementation is one name: `grpc-js` or `native`. */
export type OpenLink = (target: LinkTarget, timeoutMs: number, options?: LinkOptions) => Promise<GrpcLink>;
