import { type CallOptions, GrpcCode, GrpcError, MessageTooLarge } from "../grpc-link.js";
import type { ClientConnection, RequestHandle } from "./client-connection.js";
import { type StreamHandler, streamWindow } from "./client-stream.js";
import { GrpcMessageReader } from "./grpc-message-reader.js";
import { errorOfReset, errorOfResponse, errorOfTrailers } from "./grpc-status.js";
import type { HeaderMap } from "./hpack-decoder.js";
import type { MessageBudget, MessagePlace } from "./message-budget.js";

/** Who waits for a call's answer. */
export interface CallSink {
  onMessage(message: Buffer): void;
  /** Once, after the last message; undefined: the call ended well. */
  onEnd(error: GrpcError | undefined): void;
  /** Bytes of whole messages that still wait for their reader. */
  readonly held: number;
}

/** The longest that a timer of Node can wait. */
const maxTimerMs = 2 ** 31 - 1;

/** One gRPC call on a stream: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
export class GrpcCall implements StreamHandler {
  readonly #sink: CallSink;
  readonly #reader: GrpcMessageReader;
  readonly #request: RequestHandle;
  readonly #largeMessages: MessageBudget;
  readonly #signal: AbortSignal;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #deadline: number;
  /** Of the message that comes, if it is a large one. */
  #place: MessagePlace | undefined;
  #answered = false;
  #over = false;

  constructor(
    connection: ClientConnection,
    call: { readonly headers: Buffer; readonly body: Buffer; readonly maxMessageBytes: number },
    { signal, timeoutMs }: CallOptions,
    sink: CallSink,
  ) {
    this.#sink = sink;
    this.#reader = new GrpcMessageReader(call.maxMessageBytes);
    this.#signal = signal;
    this.#deadline = timeoutMs === undefined ? Infinity : performance.now() + timeoutMs;
    this.#largeMessages = connection.largeMessages;
    this.#request = connection.request(call.headers, call.body, this);
    signal.addEventListener("abort", this.cancel, { once: true });
    if (timeoutMs === undefined) return;
    this.#timer = setTimeout(() => this.#give(deadlineExceeded()), Math.min(timeoutMs, maxTimerMs));
  }

  /** The reader took a message: the peer may send as much again. */
  readonly taken = (): void => {
    if (this.#over || this.#place !== undefined) return;
    const { missing } = this.#reader;
    const { held } = this.#sink;
    if (missing <= streamWindow) this.#request.grant(held, 0);
    // It comes whole or waits: one that came by the pace of its reader would keep others from coming.
    else if (held <= streamWindow) this.#place = this.#largeMessages.ask(missing, () => this.#request.grant(0, this.#reader.missing));
  };

  readonly cancel = (): void => this.#give(new GrpcError(GrpcCode.Canceled, "the call was cancelled"));

  onHeaders(headers: HeaderMap, end: boolean): void {
    if (end) {
      this.#finish(errorOfTrailers(headers));
      return;
    }
    // 1xx is before the answer.
    if (headers.get(":status")?.startsWith("1") === true) return;
    const error = this.#answered ? new GrpcError(GrpcCode.Internal, "headers in the middle of an answer") : errorOfResponse(headers);
    this.#answered = true;
    if (error !== undefined) this.#give(error);
  }

  onData(data: Buffer, end: boolean): void {
    try {
      if (!this.#answered) throw new Error("data before headers");
      const messages = this.#reader.push(data);
      if (messages.length > 0) this.#leavePlace();
      for (const message of messages) this.#sink.onMessage(message);
    } catch (cause) {
      this.#give(cause instanceof MessageTooLarge ? cause : new GrpcError(GrpcCode.Internal, "the plugin's answer is no gRPC message", { cause }));
      return;
    }
    if (end) this.#finish(new GrpcError(GrpcCode.Internal, "the plugin ended the call without a status"));
    else this.taken();
  }

  #leavePlace(): void {
    const place = this.#place;
    this.#place = undefined;
    place?.leave();
  }

  onReset(code: number): void {
    this.#finish(errorOfReset(code));
  }

  onLost(error: Error): void {
    this.#finish(new GrpcError(GrpcCode.Unavailable, `the connection to the plugin is gone: ${error.message}`, { cause: error }));
  }

  /** Ends the call from this side. */
  #give(error: GrpcError): void {
    if (this.#over) return;
    this.#request.cancel();
    this.#finish(error);
  }

  #finish(error: GrpcError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#signal.removeEventListener("abort", this.cancel);
    this.#leavePlace();
    this.#sink.onEnd(this.#errorOr(error));
  }

  #errorOr(error: GrpcError | undefined): GrpcError | undefined {
    if (error === undefined) return this.#reader.pending > 0 ? new GrpcError(GrpcCode.Internal, "the last message is cut off") : undefined;
    // The plugin has the same deadline, and may break off the call before our timer is heard.
    return performance.now() >= this.#deadline ? deadlineExceeded() : error;
  }
}

const deadlineExceeded = (): GrpcError => new GrpcError(GrpcCode.DeadlineExceeded, "the deadline passed");
