import { type ApiError, isJsonObject, type JsonObject, TimeLimit } from "@dataplane/meta";
import { brokenHook } from "../admission-answer.js";
import { AnswerTimeout } from "../outbound/exchange.js";
import { parsedObject } from "../parsed-object.js";
import { type BackendCaller, type BackendLink, backendName, sendToBackend, withBackend } from "./ask-backend.js";

/** More than two batches of objects that were sent. */
const maxAnswerBytes = 16 * 1024 * 1024;

/** `request.uid` of a review is what the answer must repeat. */
export interface BackendReview {
  /** Below `/apis/<group>/<version>`, such as `admission/mutate`. */
  readonly path: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly request: JsonObject & { readonly uid: string };
}

/**
 * Posts a review to a service's backend, as the same path is proxied, and gives the `response` of its answer. The time of a call bounds the
 * whole. Throws ApiError: Timeout, ServiceUnavailable, and BadGateway for an answer that is no such review.
 */
export function askReview(link: BackendLink, caller: Omit<BackendCaller, "uid" | "namespace">, review: BackendReview): Promise<JsonObject> {
  const { path, apiVersion, kind, request } = review;
  const limit = new TimeLimit({ ms: link.callTimeoutMs, signal: caller.signal, reason: () => new AnswerTimeout("no answer in time") });
  // The paths of reviews name neither a namespace nor a data source.
  return withBackend(link, { ...caller, namespace: "", uid: "" }, async () => {
    const answer = await sendToBackend(link, {
      ...{ method: "POST", path, segments: path.split("/"), user: caller.user, signal: limit.signal },
      headers: { "content-type": "application/json", accept: "application/json", "user-agent": "dataplane-apiserver" },
      body: JSON.stringify({ apiVersion, kind, request }),
    });
    const broken = (what: string): ApiError => brokenHook(backendName(link.service), what);
    if (answer.status < 200 || answer.status > 299) {
      answer.discard();
      throw broken(`answered a review with ${answer.status}`);
    }
    const { kind: answered, response } = parsedObject(await readAnswer(answer.body, broken)) ?? {};
    if (answered !== kind || !isJsonObject(response)) throw broken(`answered with what is no ${kind} that has a response`);
    if (response["uid"] !== request.uid) throw broken("answered another review than it was asked for");
    return response;
  }).finally(() => limit.release());
}

async function readAnswer(body: AsyncIterable<Uint8Array>, broken: (what: string) => ApiError): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.byteLength;
    if (bytes > maxAnswerBytes) throw broken(`answered a review with more than ${maxAnswerBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
