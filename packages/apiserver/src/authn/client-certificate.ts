import { X509Certificate } from "node:crypto";

export interface ClientCertificateOptions {
  /** Authorities whose clients are believed, PEM, one or several; asked at each request, so that they may change. Empty: none. */
  readonly ca: () => string;
  readonly now?: () => number;
}

/** What a certificate says of its holder, once its chain is proven. */
export interface VerifiedClient {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** Values of Kubernetes' attribute for it, 1.3.6.1.4.1.57683.2. */
  readonly uids: readonly string[];
  /** SHA-256 of the certificate, hexadecimal. */
  readonly fingerprint: string;
  /** When the first certificate of its chain ends, in milliseconds since the epoch. */
  readonly validUntil: number;
}

/** Undefined for a certificate that none of the authorities stands for. */
export type VerifyClientCertificate = (certificate: X509Certificate) => VerifiedClient | undefined;

interface Verdict {
  readonly ca: string;
  readonly client: VerifiedClient | undefined;
  readonly until: number;
}

/** A certificate that is not good yet may be so a moment later. */
const refusalMs = 1_000;

/**
 * Proves client certificates by signature, validity, basic constraints and extended key usage of the whole chain, through intermediates
 * that the client sent (RFC 5280 6.1), as Go's crypto/x509 does for kube-apiserver. The verdict is kept with the certificate, which
 * is one object for each connection: a request more on it costs a look-up.
 */
export function clientCertificateVerifier({ ca, now = Date.now }: ClientCertificateOptions): VerifyClientCertificate {
  const verdicts = new WeakMap<X509Certificate, Verdict>();
  let authorities = { pem: "", certificates: [] as readonly X509Certificate[] };
  return (certificate) => {
    const pem = ca();
    const at = now();
    const known = verdicts.get(certificate);
    if (known !== undefined && known.ca === pem && at < known.until) return known.client;
    if (authorities.pem !== pem) authorities = { pem, certificates: certificatesOf(pem) };
    const validUntil = chainEnd(certificate, authorities.certificates, { at, sent: new Set(sentWith(certificate)) });
    const client = validUntil === undefined ? undefined : clientOf(certificate, validUntil);
    verdicts.set(certificate, { ca: pem, client, until: validUntil ?? at + refusalMs });
    return client;
  };
}

/** Of a bundle in PEM, in its order. Throws when one is malformed. */
export const certificatesOf = (pem: string): readonly X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((it) => new X509Certificate(it));

/** Longer chains are nobody's, and searching them is work for an attacker to give. */
const maxSent = 8;

/** The certificates that came after the client's own. */
function sentWith({ issuerCertificate }: X509Certificate): readonly X509Certificate[] {
  const sent: X509Certificate[] = [];
  for (let next = issuerCertificate; next !== undefined && sent.length < maxSent; next = next.issuerCertificate) sent.push(next);
  return sent;
}

interface Search {
  readonly at: number;
  /** Not tried yet: each is tried once, however they may have issued one another. */
  readonly sent: Set<X509Certificate>;
}

/** When a chain from the certificate to an authority ends; undefined when there is none that is good now. */
function chainEnd(certificate: X509Certificate, authorities: readonly X509Certificate[], { at, sent }: Search): number | undefined {
  if (!isUsable(certificate, at)) return undefined;
  const end = Date.parse(certificate.validTo);
  for (const authority of authorities) {
    if (authority.fingerprint256 === certificate.fingerprint256) return end;
    if (isUsable(authority, at) && hasIssued(authority, certificate)) return Math.min(end, Date.parse(authority.validTo));
  }
  for (const issuer of sent) {
    if (!hasIssued(issuer, certificate)) continue;
    sent.delete(issuer);
    const above = chainEnd(issuer, authorities, { at, sent });
    if (above !== undefined) return Math.min(end, above);
  }
  return undefined;
}

const isUsable = (certificate: X509Certificate, at: number): boolean =>
  Date.parse(certificate.validFrom) <= at && at < Date.parse(certificate.validTo) && allowsClients(certificate) && !isWeaklySigned(certificate);

// `checkIssued` compares names and key identifiers, and that the issuer's key may sign certificates; `verify` the signature.
const hasIssued = (issuer: X509Certificate, certificate: X509Certificate): boolean =>
  issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

const clientUsages = new Set(["1.3.6.1.5.5.7.3.2", "2.5.29.37.0"]);

/** A certificate without extended key usages is for any use. Node's `keyUsage` is the extended one. */
const allowsClients = ({ keyUsage }: { readonly keyUsage?: readonly string[] }): boolean =>
  keyUsage === undefined || keyUsage.some((it) => clientUsages.has(it));

/** Signatures over MD2, MD5 and SHA-1 can be made for another certificate. Object identifiers as they stand in a certificate, tag and length before them. */
const weakSignatures = ["06092a864886f70d010102", "06092a864886f70d010104", "06092a864886f70d010105", "06072a8648ce3d0401"].map((it) =>
  Buffer.from(it, "hex"),
);

const isWeaklySigned = ({ raw }: X509Certificate): boolean => weakSignatures.some((it) => raw.includes(it));

function clientOf(certificate: X509Certificate, validUntil: number): VerifiedClient {
  const names = new Map<string, unknown>(Object.entries(certificate.toLegacyObject().subject));
  const valuesOf = (name: string): readonly string[] => [names.get(name) ?? []].flat().filter((it): it is string => typeof it === "string");
  return {
    // Of several the last, as Go's crypto/x509 has it.
    commonName: valuesOf("CN").at(-1) ?? "",
    organizations: valuesOf("O"),
    uids: valuesOf("1.3.6.1.4.1.57683.2"),
    fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
    validUntil,
  };
}
