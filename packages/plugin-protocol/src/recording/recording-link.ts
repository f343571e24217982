import { codecs } from "../codecs.js";
import { type CallOptions, GrpcCode, GrpcError, type GrpcLink } from "../grpc-link.js";
import type { PluginMethodName } from "../methods.js";
import { type MessageJson, messageToJson } from "./message-json.js";
import { methodOf, type RecordedCall, type RecordedEnd } from "./recorded-call.js";
import { redact, redactResponse } from "./redact.js";
import type { Secrets } from "./secrets.js";

/** Most responses of one call that are recorded: a stream may run for days. */
const maxResponses = 10_000;

/**
 * The same link, whose calls to the plugin are told to `record` when they end, decoded and without secrets. What its caller gets is not
 * touched. A call that could not be decoded is not recorded.
 */
export function recordingLink(link: GrpcLink, record: (call: RecordedCall) => void): GrpcLink {
  return {
    async unary(path, request, options) {
      const call = OpenCall.begin(path, request, record);
      try {
        const response = await link.unary(path, request, options);
        call?.responded(response);
        call?.ended("ok");
        return response;
      } catch (thrown) {
        call?.failed(thrown, options);
        throw thrown;
      }
    },
    async *serverStream(path, request, options) {
      const call = OpenCall.begin(path, request, record);
      try {
        for await (const response of link.serverStream(path, request, options)) {
          call?.responded(response);
          yield response;
        }
        call?.ended("ok");
      } catch (thrown) {
        call?.failed(thrown, options);
        throw thrown;
      } finally {
        // Stopping the iteration comes here alone.
        call?.ended("canceled");
      }
    },
    close: () => link.close(),
  };
}

/** A call under way. What cannot be decoded or written must not disturb the call itself. */
class OpenCall {
  readonly #method: PluginMethodName;
  readonly #request: MessageJson;
  readonly #secrets: Secrets;
  readonly #record: (call: RecordedCall) => void;
  readonly #responses: MessageJson[] = [];
  #isOpen = true;

  private constructor(method: PluginMethodName, request: object, record: (call: RecordedCall) => void) {
    const { message, secrets } = redact(request);
    this.#method = method;
    this.#request = messageToJson(message);
    this.#secrets = secrets;
    this.#record = record;
  }

  static begin(path: string, request: Uint8Array, record: (call: RecordedCall) => void): OpenCall | undefined {
    const method = methodOf(path);
    if (method === undefined) return undefined;
    try {
      return new OpenCall(method, codecs[method].decodeRequest(request), record);
    } catch {
      return undefined;
    }
  }

  responded(response: Uint8Array): void {
    if (this.#responses.length >= maxResponses) return;
    try {
      this.#responses.push(messageToJson(redactResponse(codecs[this.#method].decodeResponse(response), this.#secrets)));
    } catch {
      this.#isOpen = false;
    }
  }

  failed(thrown: unknown, { signal }: CallOptions): void {
    if (signal.aborted) {
      this.ended("canceled");
      return;
    }
    const error = thrown instanceof GrpcError ? thrown : new GrpcError(GrpcCode.Unknown, String(thrown));
    const metadata = Object.entries(error.metadata).map(([name, value]) => [name, this.#secrets.maskText(value)] as const);
    const message = this.#secrets.maskText(error.message);
    this.ended({ code: error.code, message, ...(metadata.length > 0 ? { metadata: Object.fromEntries(metadata) } : {}) });
  }

  ended(end: RecordedEnd): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // A caller who left before any answer says nothing of the plugin.
    if (end === "canceled" && this.#responses.length === 0) return;
    this.#record({ method: this.#method, request: this.#request, responses: this.#responses, end });
  }
}
