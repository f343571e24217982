import { remoteIdentity } from "@dataplane/aggregator";
import { defaultBodyLimitBytes, readBytes } from "@dataplane/apiserver";
import type { Transport, TransportRequest } from "@dataplane/client";
import { ApiError, type Handler, type Headers, type HttpRequest, unavailable } from "@dataplane/meta";

const methods: readonly TransportRequest["method"][] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/** Of one connection (RFC 9110 7.6.1). */
const ofConnection = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "te",
  "trailer",
  "upgrade",
  "host",
  "content-length",
  "expect",
]);

/**
 * Passes requests on to the API server, for whoever was authenticated here; answers stream through. Throws ServiceUnavailable while it
 * cannot be reached. Its store takes bodies of 3 MiB, which are read here first.
 */
export function delegateToPeer(transport: Transport): Handler {
  return async (request) => {
    const { user } = request.context;
    if (user === undefined) throw new Error("the request has not passed the filters");
    const method = request.method === "HEAD" ? "GET" : methods.find((it) => it === request.method);
    if (method === undefined) throw new ApiError("MethodNotAllowed", "the server does not allow this method on the requested resource");
    const bytes = await readBytes(request, defaultBodyLimitBytes);
    const headers = { ...forwarded(request), ...remoteIdentity(user) };
    const { path, query, signal } = request;
    try {
      const answer = await transport({ method, path, query, headers, body: bytes.byteLength === 0 ? undefined : bytes, signal });
      return { status: answer.status, headers: withoutConnection(answer.headers), body: answer.body };
    } catch (thrown) {
      if (signal.aborted || thrown instanceof ApiError) throw thrown;
      throw unavailable("the API server cannot be reached");
    }
  };
}

/** What the client sent, but credentials, and whatever would name a user. */
function forwarded({ headers, context }: HttpRequest): Readonly<Record<string, string | readonly string[]>> {
  const credentials = new Set(["authorization", "cookie", ...(context.credentialHeaders ?? [])]);
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]): [string, string | readonly string[]][] =>
      value === undefined || ofConnection.has(name) || credentials.has(name) || isAboutTheUser(name) ? [] : [[name, value]],
    ),
  );
}

/** Impersonation was obeyed here: the user is that one already. */
const isAboutTheUser = (name: string): boolean => name.startsWith("x-remote-") || name.startsWith("impersonate-") || name.startsWith(":");

const withoutConnection = (headers: Headers): Headers =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !ofConnection.has(name) || name === "content-length"));
