import { type Authenticator, remoteHeaders, requestHeaderAuthenticator, unionAuthenticator, x509Authenticator } from "@dataplane/apiserver";
import type { Config } from "../config/load-config.js";
import type { Certificates } from "../tls/certificates.js";

/** Who logs in by a client certificate: whom a proxy in front names, else the certificate's own user; then `others`, as kube-apiserver asks them. */
export const certificateAuthenticator = (
  { requestHeaderCa, clientCa }: Pick<Certificates, "requestHeaderCa" | "clientCa">,
  { requestHeaderAllowedNames: allowedNames }: Pick<Config, "requestHeaderAllowedNames">,
  others: Authenticator,
): Authenticator =>
  unionAuthenticator([
    requestHeaderAuthenticator({ ...remoteHeaders, ca: () => requestHeaderCa.current, allowedNames }),
    x509Authenticator({ ca: () => clientCa.current }),
    others,
  ]);
