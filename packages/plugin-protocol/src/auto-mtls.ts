import { certificatePem, issueCertificate, newKeyPair } from "./certificate.js";

/** One side of AutoMTLS: a key and a self-signed certificate for `localhost` that live as long as the process. */
export interface AutoMtlsIdentity {
  /** PEM. */
  readonly key: string;
  /** PEM. */
  readonly cert: string;
  /** The certificate as DER. */
  readonly der: Uint8Array;
}

// Both sides trust exactly this one certificate and forget it when they end: its end must only lie beyond any process's.
const lifeMs = 10 * 365 * 24 * 3600 * 1000;
// A clock may be stepped between the two processes' starts.
const leewayMs = 60_000;

/** Makes an identity as go-plugin's AutoMTLS wants it: good for client and server, name `localhost`. It can sign no other certificate. */
export function createAutoMtlsIdentity(now: Date = new Date()): AutoMtlsIdentity {
  const { privateKey, publicKey } = newKeyPair();
  const der = issueCertificate({
    subject: "localhost",
    publicKey,
    issuer: { name: "localhost", privateKey },
    notBefore: new Date(now.getTime() - leewayMs),
    notAfter: new Date(now.getTime() + lifeMs),
    dnsNames: ["localhost"],
    ipAddresses: [],
    usages: ["clientAuth", "serverAuth"],
    isAuthority: false,
  });
  return { key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(), cert: certificatePem(der), der: new Uint8Array(der) };
}
