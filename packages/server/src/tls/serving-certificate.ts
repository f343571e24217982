import { createPrivateKey, type KeyObject, randomBytes, X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { certificatePem, issueCertificate, newKeyPair } from "@dataplane/plugin-protocol";
import { writeFileAtomically } from "../write-file.js";

const day = 86_400_000;
const caLifetime = 3650 * day;
const servingLifetime = 365 * day;
/** A serving certificate is made anew at a start when less than this is left. */
const renewBefore = 30 * day;

/** What the HTTPS listener shows, and the CA that clients trust; PEM. */
export interface ServingCertificate {
  readonly key: string;
  /** The leaf and the CA. */
  readonly cert: string;
  readonly ca: string;
}

/**
 * The serving certificate under `<directory>`, signed by our own CA there. The CA is made once and kept, so that kubeconfigs stay
 * valid over restarts; the leaf (localhost, 127.0.0.1, ::1, this host's name) is renewed as it nears its end.
 */
export function openServingCertificate(directory: string, now: Date): ServingCertificate {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const ca = openAuthority(directory, now);
  const file = { key: path.join(directory, "serving.key"), cert: path.join(directory, "serving.crt") };
  if (existsSync(file.key) && existsSync(file.cert)) {
    const cert = readFileSync(file.cert, "utf8");
    const parsed = new X509Certificate(cert);
    const fresh = Date.parse(parsed.validTo) - now.getTime() > renewBefore && Date.parse(parsed.validFrom) <= now.getTime();
    if (fresh && parsed.verify(ca.certificate.publicKey)) return { key: readFileSync(file.key, "utf8"), cert: cert + ca.pem, ca: ca.pem };
  }
  const pair = newKeyPair();
  const leaf = issueCertificate({
    subject: "data-plane-aggregator",
    publicKey: pair.publicKey,
    issuer: { name: ca.name, privateKey: ca.privateKey },
    serial: randomBytes(16),
    notBefore: new Date(now.getTime() - day),
    notAfter: new Date(now.getTime() + servingLifetime),
    dnsNames: [...new Set(["localhost", hostname().toLowerCase()])],
    ipAddresses: ["127.0.0.1", "::1"],
    usages: ["serverAuth"],
    isAuthority: false,
  });
  const key = pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const cert = certificatePem(leaf);
  writeFileAtomically(file.key, key, 0o600);
  writeFileAtomically(file.cert, cert, 0o644);
  return { key, cert: cert + ca.pem, ca: ca.pem };
}

interface Authority {
  readonly name: string;
  readonly privateKey: KeyObject;
  readonly certificate: X509Certificate;
  readonly pem: string;
}

function openAuthority(directory: string, now: Date): Authority {
  const file = { key: path.join(directory, "ca.key"), cert: path.join(directory, "ca.crt") };
  if (!existsSync(file.key) || !existsSync(file.cert)) makeAuthority(file, now);
  const pem = readFileSync(file.cert, "utf8");
  const certificate = new X509Certificate(pem);
  const name = /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? "";
  return { name, privateKey: createPrivateKey(readFileSync(file.key, "utf8")), certificate, pem };
}

function makeAuthority(file: { readonly key: string; readonly cert: string }, now: Date): void {
  const pair = newKeyPair();
  // A name of its own for each installation: two servers' CAs in one trust store must not be taken for each other.
  const name = `data-plane-aggregator-ca-${randomBytes(4).toString("hex")}`;
  const certificate = issueCertificate({
    subject: name,
    publicKey: pair.publicKey,
    issuer: { name, privateKey: pair.privateKey },
    serial: randomBytes(16),
    notBefore: new Date(now.getTime() - day),
    notAfter: new Date(now.getTime() + caLifetime),
    dnsNames: [],
    ipAddresses: [],
    usages: [],
    isAuthority: true,
  });
  writeFileAtomically(file.key, pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(), 0o600);
  writeFileAtomically(file.cert, certificatePem(certificate), 0o644);
}
