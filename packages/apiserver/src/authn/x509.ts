import { systemGroups, type UserInfo } from "@dataplane/meta";
import type { Authentication, Authenticator } from "./authenticator.js";
import { type ClientCertificateOptions, clientCertificateVerifier, type VerifiedClient } from "./client-certificate.js";

/** The extra value by which an audit log tells credentials apart (https://kubernetes.io/docs/reference/access-authn-authz/authentication/). */
const credentialId = "authentication.kubernetes.io/credential-id";

/**
 * Client certificates of our authorities: the user is the common name, the groups are the organizations. A certificate of another
 * authority is no credential: the request may carry one of another kind.
 */
export function x509Authenticator(options: ClientCertificateOptions): Authenticator {
  const verify = clientCertificateVerifier(options);
  const users = new WeakMap<VerifiedClient, Authentication>();
  return {
    authenticate({ peerCertificate }) {
      const client = peerCertificate === undefined ? undefined : verify(peerCertificate);
      if (client === undefined || !isUser(client)) return undefined;
      const known = users.get(client);
      if (known !== undefined) return Promise.resolve(known);
      const found = { user: userOf(client), credentialHeaders: ["authorization"], expires: client.validUntil };
      users.set(client, found);
      return Promise.resolve(found);
    },
  };
}

const isUser = ({ commonName, uids }: VerifiedClient): boolean => commonName !== "" && uids.length <= 1 && uids[0] !== "";

function userOf({ commonName, organizations, uids: [uid], fingerprint }: VerifiedClient): UserInfo {
  return {
    name: commonName,
    ...(uid === undefined ? {} : { uid }),
    groups: [...new Set([...organizations, systemGroups.authenticated])],
    extra: { [credentialId]: [`X509SHA256=${fingerprint}`] },
  };
}
