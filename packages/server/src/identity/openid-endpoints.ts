import { ApiError, type Handler } from "@dataplane/meta";
import type { SigningKey } from "./signing-key.js";

export interface OpenIdOptions {
  readonly issuer: string;
  /** Where this server is found; no trailing slash. */
  readonly url: string;
  readonly key: SigningKey;
}

/**
 * How others verify ServiceAccounts' tokens (OpenID Connect Discovery 1.0, as kube-apiserver serves it): who issues them, and the public
 * key. Who may read it is decided before, as for any path.
 */
export function openIdEndpoints({ issuer, url, key }: OpenIdOptions, next: Handler): Handler {
  const documents = new Map<string, Document>([
    [
      "/.well-known/openid-configuration",
      {
        type: "application/json",
        body: JSON.stringify({
          issuer,
          jwks_uri: `${url}/openid/v1/jwks`,
          response_types_supported: ["id_token"],
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: ["ES256"],
        }),
      },
    ],
    ["/openid/v1/jwks", { type: "application/jwk-set+json", body: JSON.stringify({ keys: [key.jwk] }) }],
  ]);
  return (request) => {
    const document = documents.get(request.context.info?.path ?? request.path);
    if (document === undefined) return next(request);
    if (request.method !== "GET" && request.method !== "HEAD")
      return Promise.reject(new ApiError("MethodNotAllowed", "the server does not allow this method on the requested resource", { details: {} }));
    const headers = { "content-type": document.type, "cache-control": "public, max-age=3600" };
    return Promise.resolve({ status: 200, headers, body: document.body });
  };
}

interface Document {
  readonly type: string;
  readonly body: string;
}
