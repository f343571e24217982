import { remoteHeaders, requestHeaderAuthenticator } from "@dataplane/apiserver";
import type { Handler } from "@dataplane/meta";
import type { ControlIdentity } from "./messages.js";
import { firstOf, passedHeaders, withoutThose, withoutThoseRaw } from "./passed-headers.js";

/** Who says nothing of where it is has asked for itself: a worker, on this machine. */
const here = "127.0.0.1";

/**
 * Requests of workers, behind mutual TLS: each is answered as if it had come to this process over the client's own connection. Whom a
 * worker names (X-Remote-*) has proven it there; the others' credentials are looked at here.
 */
export function controlEndpoint({ cert }: ControlIdentity, handler: Handler): Handler {
  const authenticator = requestHeaderAuthenticator({ ...remoteHeaders, ca: () => cert, allowedNames: [] });
  return async (request) => {
    const { headers, rawHeaders } = request;
    const found = await authenticator.authenticate(request);
    const expires = Number(firstOf(headers[passedHeaders.userExpires]));
    const scheme = firstOf(headers[passedHeaders.scheme]) === "https" ? "https" : "http";
    const { peerCertificate: _workers, ...told } = request;
    return handler({
      ...told,
      remoteAddress: firstOf(headers[passedHeaders.remoteAddress]) ?? here,
      scheme,
      headers: withoutThose(headers),
      ...(rawHeaders === undefined ? {} : { rawHeaders: withoutThoseRaw(rawHeaders) }),
      ...(request.end === undefined ? {} : { end: (reason: Error) => request.end?.(reason) }),
      context: found === undefined ? {} : { user: found.user, ...(expires > 0 ? { userExpires: expires } : {}) },
    });
  };
}
