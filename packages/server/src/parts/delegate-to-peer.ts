import { defaultBodyLimitBytes, readBytes } from "@dataplane/apiserver";
import type { Transport, TransportRequest } from "@dataplane/client";
import { forwardedHeaders } from "@dataplane/kube-aggregator";
import { ApiError, type Handler, type Headers, hopByHopNames, identityHeaders, unavailable } from "@dataplane/meta";

const methods: readonly TransportRequest["method"][] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
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
    const headers = { ...withoutLength(forwardedHeaders(request)), ...identityHeaders(user) };
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

/** The body is sent anew, with a length of its own. */
function withoutLength({ "content-length": _length, ...headers }: ReturnType<typeof forwardedHeaders>): typeof headers {
  return headers;
}

function withoutConnection(headers: Headers): Headers {
  const dropped = hopByHopNames(headers);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name)));
}
