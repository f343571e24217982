import { type HttpRequest, type HttpResponse, unavailable } from "@dataplane/meta";
import { answerHeaders } from "../outbound/answer-headers.js";
import { callersHeaders } from "../outbound/callers-headers.js";
import { requireProxiedMethod } from "../outbound/proxied-method.js";
import { streamedBody } from "../outbound/request-body.js";
import { headerOf } from "../request-body.js";
import { type BackendLink, sendToBackend, withBackend } from "./ask-backend.js";

export interface BackendCall extends BackendLink {
  readonly request: HttpRequest;
  /** Of the data source that the path names; empty when it names none. */
  readonly uid: string;
  /** Of a request's body; more is 413. */
  readonly bodyBytes: number;
}

/**
 * Sends the request to the service's backend: the same path below `baseURL`, as it was parsed and authorized, with the caller's identity in
 * X-Remote-* headers and nothing of what proved it. Bodies go as they come, both ways. Throws ApiError; names no host.
 */
export async function proxyToBackend(call: BackendCall): Promise<HttpResponse> {
  const { request, uid, bodyBytes } = call;
  const { user, info } = request.context;
  // The filters come first in every chain.
  if (user === undefined || info === undefined) throw unavailable("the request was not authenticated");
  const { signal } = request;
  return withBackend(call, { user, namespace: info.namespace, uid, signal }, async () => {
    requireProxiedMethod(request);
    const body = await streamedBody(request, bodyBytes);
    const length = body === undefined ? undefined : headerOf(request, "content-length");
    const headers = { ...callersHeaders(request), ...(length === undefined ? {} : { "content-length": length }), ...userAgent(request) };
    const query = [...request.query].filter(([name]) => name !== "auth_token");
    const { segments } = info;
    const answer = await sendToBackend(call, { method: request.method, path: request.path, segments, query, headers, body, user, signal });
    return { status: answer.status, headers: answerHeaders(answer.headers), body: answer.body };
  });
}

const userAgent = (request: HttpRequest): Record<string, string> => {
  const agent = headerOf(request, "user-agent");
  return agent === undefined ? {} : { "user-agent": agent };
};
