import { ApiError, type HttpRequest, type HttpResponse, type UserInfo } from "@dataplane/meta";
import type { ApiService } from "../apiservice.js";
import { type RemoteAnswer, RemoteFailure, type RemoteRequest, type RemoteTransport } from "../remote/remote-transport.js";
import { answeredHeaders, forwardedHeaders } from "./forwarded-headers.js";
import { takenOver } from "./tunnel.js";

/** As kube-apiserver waits for the beginning of an answer that is no watch. */
const answerTimeoutMs = 60_000;

/**
 * Passes a request on to the server behind an APIService, and its answer back: bodies as they come, both ways, nothing unpacked. Throws
 * ServiceUnavailable when it could not be asked, BadGateway for a redirect, which would lead the caller's identity elsewhere.
 */
export async function proxyRequest(transport: RemoteTransport, service: ApiService, request: HttpRequest): Promise<HttpResponse> {
  const sent = remoteRequest(request);
  try {
    if (request.upgrade === undefined) return passedOn(await transport.request(service, sent));
    requireSameOrigin(request);
    const headers = { ...sent.headers, connection: "Upgrade", upgrade: upgradeOf(request) };
    const answer = await transport.upgrade(service, { ...sent, headers, timeoutMs: answerTimeoutMs });
    return "socket" in answer ? takenOver(request, answer) : passedOn(answer);
  } catch (thrown) {
    throw request.signal.aborted ? thrown : asApiError(thrown, service);
  }
}

function remoteRequest(request: HttpRequest): RemoteRequest {
  const { method, path, rawQuery, query, body, signal, context } = request;
  const search = rawQuery ?? query.toString();
  const isLong = context.info?.verb === "watch" || request.upgrade !== undefined;
  return {
    method,
    path: search === "" ? path : `${path}?${search}`,
    headers: forwardedHeaders(request),
    ...(request.upgrade === undefined && hasBody(request) ? { body } : {}),
    user: userOf(request),
    ...(isLong ? {} : { timeoutMs: answerTimeoutMs }),
    signal,
  };
}

/** Whoever is here has passed the filters. */
function userOf({ context: { user } }: HttpRequest): UserInfo {
  if (user === undefined) throw new Error("the request has not passed the filters");
  return user;
}

const hasBody = ({ method, headers }: HttpRequest): boolean =>
  headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0" || ["POST", "PUT", "PATCH"].includes(method);

/** As the client wrote it: with the version of the protocol. */
const upgradeOf = ({ headers, upgrade = "websocket" }: HttpRequest): string => [headers["upgrade"] ?? upgrade].flat()[0] ?? upgrade;

/** A page of another site would have the browser send its user's password along (cross-site WebSocket hijacking). */
function requireSameOrigin({ headers }: HttpRequest): void {
  const origin = [headers["origin"] ?? []].flat()[0];
  if (origin === undefined) return;
  const host = [headers["host"] ?? []].flat()[0];
  if (!URL.canParse(origin) || new URL(origin).host !== host?.toLowerCase()) {
    throw new ApiError("Forbidden", "leaving HTTP for a page of another site is refused");
  }
}

function passedOn({ status, headers, body, discard }: RemoteAnswer): HttpResponse {
  if (status >= 300 && status < 400 && status !== 304) {
    discard();
    throw new ApiError("BadGateway", "the backend attempted to redirect this request, which is not permitted");
  }
  if (status < 200) {
    discard();
    throw new ApiError("BadGateway", `the backend answered ${status}, which nobody asked for`);
  }
  const broken = new AbortController();
  return { status, headers: answeredHeaders(headers), body: untilBroken(body, broken), cut: broken.signal };
}

/** An answer that breaks off breaks off for the client too: an end would make it a whole one. */
async function* untilBroken(body: AsyncIterable<Uint8Array>, broken: AbortController): AsyncIterable<Uint8Array> {
  try {
    yield* body;
  } catch {
    broken.abort(new Error("the server behind broke off its answer"));
  }
}

/** Where the server is, is none of the caller's business: the conditions of the APIService tell those who may read them. No time to ask again is named, since clients then repeat a write that may have been done. */
function asApiError(thrown: unknown, { name, group, version }: ApiService): unknown {
  if (thrown instanceof RemoteFailure) {
    const message = `error trying to reach service: ${group}/${version} gave no answer: see the conditions of APIService ${name}`;
    return new ApiError("ServiceUnavailable", message, { cause: thrown });
  }
  return thrown;
}
