import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { type CertificateRequest, certificatePem, issueCertificate, newKeyPair } from "@dataplane/plugin-protocol";
import { writeFileAtomically } from "../write-file.js";
import type { Authority } from "./authority.js";

const day = 86_400_000;
const yearly = 365 * day;
/** A certificate is made anew when less than this is left. */
const renewBefore = 30 * day;

/** PEM; the certificate is the leaf alone, or the leaf and what stands between it and its authority. */
export interface CertificatePair {
  readonly key: string;
  readonly cert: string;
}

/** What a certificate is for, and whom it names. */
export type Subject = Pick<CertificateRequest, "subject" | "organizations" | "dnsNames" | "ipAddresses" | "usages">;

export interface OpenPairOptions {
  /** `<directory>/<file>.key` (0600) and `.crt`. */
  readonly directory: string;
  readonly file: string;
  readonly authority: Authority;
  readonly subject: Subject;
  readonly now: Date;
}

/** The pair that is kept there, while it is of this authority, has the names and is not near its end; else a new one, of a year. */
export function openPair({ directory, file, authority, subject, now }: OpenPairOptions): CertificatePair {
  const files = { key: path.join(directory, `${file}.key`), cert: path.join(directory, `${file}.crt`) };
  if (existsSync(files.key) && existsSync(files.cert)) {
    const kept = readPair(files);
    if (kept !== undefined && isFresh(new X509Certificate(kept.cert), { authority, subject, now })) return kept;
  }
  const made = issuePair({ authority, subject, now });
  writeFileAtomically(files.key, made.key, 0o600);
  writeFileAtomically(files.cert, made.cert, 0o644);
  return made;
}

/** Undefined for two files that do not belong together, as while somebody exchanges them. */
export function readPair(files: CertificatePair): CertificatePair | undefined {
  const pair = { key: readFileSync(files.key, "utf8"), cert: readFileSync(files.cert, "utf8") };
  return new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key)) ? pair : undefined;
}

/** A new key and a certificate for it, of a year unless told. */
export function issuePair(options: {
  readonly authority: Authority;
  readonly subject: Subject;
  readonly now: Date;
  readonly lifetimeMs?: number;
}): CertificatePair {
  const { authority, subject, now, lifetimeMs = yearly } = options;
  const pair = newKeyPair();
  const leaf = issueCertificate({
    ...subject,
    publicKey: pair.publicKey,
    issuer: { name: authority.name, privateKey: authority.privateKey },
    serial: randomBytes(16),
    // Clocks differ.
    notBefore: new Date(now.getTime() - day),
    notAfter: new Date(now.getTime() + lifetimeMs),
    isAuthority: false,
  });
  return { key: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(), cert: certificatePem(leaf) };
}

function isFresh(certificate: X509Certificate, { authority, subject, now }: Pick<OpenPairOptions, "authority" | "subject" | "now">): boolean {
  const { dnsNames, ipAddresses } = subject;
  const isNamed =
    dnsNames.every((name) => certificate.checkHost(name) !== undefined) && ipAddresses.every((it) => certificate.checkIP(it) !== undefined);
  const isInTime = Date.parse(certificate.validTo) - now.getTime() > renewBefore && Date.parse(certificate.validFrom) <= now.getTime();
  return isInTime && isNamed && certificate.verify(authority.certificate.publicKey);
}
