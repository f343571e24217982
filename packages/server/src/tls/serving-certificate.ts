import { mkdirSync } from "node:fs";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { certificatesOf } from "@dataplane/apiserver";
import { openAuthority } from "./authority.js";
import { type CertificatePair, openPair } from "./issued-pair.js";

/** What the HTTPS listener shows, and the CA that clients trust; PEM. */
export interface ServingCertificate {
  readonly key: string;
  /** The leaf and the CA. */
  readonly cert: string;
  readonly ca: string;
}

/**
 * The serving certificate under `<directory>`, signed by our own CA there. The CA is made once and kept, so that kubeconfigs stay
 * valid over restarts; the leaf (localhost, 127.0.0.1, ::1, this host's name, and `names`) is renewed as it nears its end.
 */
export function openServingCertificate(directory: string, now: Date, names: readonly string[] = []): ServingCertificate {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const authority = openAuthority({ directory, file: "ca", purpose: "data-plane-aggregator-ca", now });
  const subject = {
    subject: "data-plane-aggregator",
    dnsNames: [...new Set(["localhost", hostname().toLowerCase(), ...names.filter((name) => isIP(name) === 0)])],
    ipAddresses: [...new Set(["127.0.0.1", "::1", ...names.filter((name) => isIP(name) !== 0)])],
    usages: ["serverAuth"] as const,
  };
  const { key, cert } = openPair({ directory, file: "serving", authority, subject, now });
  return { key, cert: cert + authority.pem, ca: authority.pem };
}

/** Of a certificate of others: who trusts its issuers, or itself where the file names none, trusts the server. */
export function servingCertificateOf({ key, cert }: CertificatePair): ServingCertificate {
  const [leaf, ...issuers] = certificatesOf(cert);
  return { key, cert, ca: (issuers.length > 0 ? issuers : [leaf]).map((it) => it?.toString() ?? "").join("") };
}
