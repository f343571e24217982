import { codecs } from "../codecs.js";
import { GrpcCode, GrpcError } from "../grpc-link.js";
import type { PluginMethodName } from "../methods.js";
import type { PluginImplementation, ServedCall } from "../plugin-server.js";
import { messageFromJson, messageToJson } from "./message-json.js";
import { methodNames, type RecordedCall } from "./recorded-call.js";
import { redact } from "./redact.js";
import { requestKey } from "./request-key.js";

/**
 * A plugin that answers from a recording: the same call with the same request gets the recorded answer; asked again, the next one that was
 * recorded for it, and in the end the last one for ever. Where nothing fits to the time that is asked for, an answer for another time is
 * given. A call that was never recorded is Unimplemented; a request that was not is NotFound, and says what was asked.
 */
export function replayPlugin(calls: readonly RecordedCall[]): PluginImplementation {
  const replay = new Replay(calls);
  const recorded = methodNames.filter((name) => calls.some(({ method }) => method === name));
  const handlers = recorded.map((name) => [name, codecs[name].kind === "unary" ? replay.unary(name) : replay.stream(name)] as const);
  // Each handler is that of its own method: the table of codecs says which kind it is.
  return Object.fromEntries(handlers);
}

class Replay {
  readonly #answers = new Map<string, RecordedCall[]>();

  constructor(calls: readonly RecordedCall[]) {
    for (const call of calls) {
      for (const exact of [true, false]) {
        const key = `${String(exact)} ${requestKey(call.method, call.request, exact)}`;
        const known = this.#answers.get(key);
        if (known === undefined) this.#answers.set(key, [call]);
        else known.push(call);
      }
    }
  }

  unary(method: PluginMethodName) {
    // Not async: what is thrown must still be a rejection.
    return async (request: object): Promise<unknown> => {
      const { responses, end } = await Promise.resolve(this.#next(method, request));
      if (end !== "ok" && end !== "canceled") throw errorOf(end);
      const [response] = responses;
      if (response === undefined) throw new GrpcError(GrpcCode.DataLoss, "the recorded call has no answer");
      return messageFromJson(response);
    };
  }

  stream(method: PluginMethodName) {
    const next = (request: object) => this.#next(method, request);
    return async function* (request: object, { signal }: ServedCall): AsyncGenerator {
      const { responses, end } = next(request);
      for (const response of responses) yield messageFromJson(response);
      // The caller left then, and so the stream was open: it is now, too.
      if (end === "canceled") await aborted(signal);
      else if (end !== "ok") throw errorOf(end);
    };
  }

  #next(method: PluginMethodName, request: object): RecordedCall {
    const json = messageToJson(redact(request).message);
    for (const exact of [true, false]) {
      const answers = this.#answers.get(`${String(exact)} ${requestKey(method, json, exact)}`);
      const [first] = answers ?? [];
      if (first === undefined) continue;
      if (answers !== undefined && answers.length > 1) answers.shift();
      return first;
    }
    throw new GrpcError(GrpcCode.NotFound, `the recording has no answer to ${requestKey(method, json, false)}`);
  }
}

function errorOf({ code, message, metadata = {} }: Exclude<RecordedCall["end"], string>): GrpcError {
  const known = Object.values(GrpcCode).find((it) => it === code) ?? GrpcCode.Unknown;
  return new GrpcError(known, message, { metadata });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
