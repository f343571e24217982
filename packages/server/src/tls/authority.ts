import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, type X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { certificatesOf } from "@dataplane/apiserver";
import { certificatePem, issueCertificate, newKeyPair } from "@dataplane/plugin-protocol";
import { ConfigError } from "../config/load-config.js";
import { writeFileAtomically } from "../write-file.js";

const day = 86_400_000;
const lifetime = 3650 * day;
/** More than what it signs lives: nothing that it signed outlives it. */
const renewBefore = 730 * day;

/** A certificate authority of this installation. */
export interface Authority {
  readonly name: string;
  readonly privateKey: KeyObject;
  readonly certificate: X509Certificate;
  /** The file as it is, PEM: its own certificate, and others that are trusted beside it. */
  readonly pem: string;
}

export interface AuthorityFile {
  /** `<directory>/<file>.key` (0600) and `.crt`. */
  readonly directory: string;
  readonly file: string;
}

export type OpenAuthorityOptions = AuthorityFile & {
  /** What its name begins with. */
  readonly purpose: string;
  readonly now: Date;
};

/**
 * An authority that is made once and kept. As it nears its end its certificate is issued anew for the same key, so that all that it
 * signed stays good under the old certificate and the new one. Throws ConfigError for files that do not fit each other.
 */
export function openAuthority({ directory, file, purpose, now }: OpenAuthorityOptions): Authority {
  const files = filesOf({ directory, file });
  if (!existsSync(files.key) || !existsSync(files.cert)) {
    const { privateKey } = newKeyPair();
    // A name of its own for each installation: two servers' CAs in one trust store must not be taken for each other.
    const name = `${purpose}-${randomBytes(4).toString("hex")}`;
    writeFileAtomically(files.key, privateKey.export({ type: "pkcs8", format: "pem" }).toString(), 0o600);
    writeFileAtomically(files.cert, selfSigned(name, privateKey, now), 0o644);
  }
  const kept = readAuthority({ directory, file });
  if (Date.parse(kept.certificate.validTo) - now.getTime() > renewBefore) return kept;
  writeFileAtomically(files.cert, selfSigned(kept.name, kept.privateKey, now) + kept.pem, 0o644);
  return readAuthority({ directory, file });
}

/** Throws for files that are not there, ConfigError for those that do not fit each other. */
export function readAuthority(file: AuthorityFile): Authority {
  const files = filesOf(file);
  const privateKey = createPrivateKey(readFileSync(files.key, "utf8"));
  const pem = readFileSync(files.cert, "utf8");
  const certificate = certificatesOf(pem).find((it) => it.checkPrivateKey(privateKey));
  if (certificate === undefined) throw new ConfigError(`${files.cert} has no certificate for the key in ${files.key}`);
  return { name: /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? "", privateKey, certificate, pem };
}

const filesOf = ({ directory, file }: AuthorityFile): { readonly key: string; readonly cert: string } => ({
  key: path.join(directory, `${file}.key`),
  cert: path.join(directory, `${file}.crt`),
});

function selfSigned(name: string, privateKey: KeyObject, now: Date): string {
  const certificate = issueCertificate({
    subject: name,
    publicKey: createPublicKey(privateKey),
    issuer: { name, privateKey },
    serial: randomBytes(16),
    notBefore: new Date(now.getTime() - day),
    notAfter: new Date(now.getTime() + lifetime),
    dnsNames: [],
    ipAddresses: [],
    usages: [],
    isAuthority: true,
  });
  return certificatePem(certificate);
}
