import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { IssuedCertificate } from "./issue-certificate.js";

const run = promisify(execFile);

export interface CertificateWish {
  /** As openssl takes it: `/O=group/CN=user`; `kubernetesUid` is Kubernetes' attribute. */
  readonly subject: string;
  /** Itself unless told. */
  readonly issuer?: IssuedCertificate;
  /** Lines of openssl's extension section. */
  readonly extensions?: readonly string[];
  readonly digest?: "sha1" | "sha256";
}

export const authorityExtensions = ["basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign"];
export const clientExtensions = ["extendedKeyUsage=clientAuth"];

/** A key and a certificate of ten days, made by openssl. */
export async function issueByOpenssl({ subject, issuer, extensions = [], digest = "sha256" }: CertificateWish): Promise<IssuedCertificate> {
  const directory = await mkdtemp(join(tmpdir(), "dp-client-cert-"));
  const at = (name: string): string => join(directory, name);
  try {
    const config = [
      "oid_section=oids",
      "[oids]",
      "kubernetesUid=1.3.6.1.4.1.57683.2",
      "[req]",
      "distinguished_name=dn",
      "[dn]",
      "[ext]",
      ...extensions,
    ];
    await writeFile(at("cnf"), `${config.join("\n")}\n`);
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", at("key")];
    await run("openssl", ["req", "-new", "-utf8", ...key, "-config", at("cnf"), "-subj", subject, "-out", at("csr")]);
    await writeFile(at("ca.crt"), issuer?.cert ?? "");
    await writeFile(at("ca.key"), issuer?.key ?? "");
    const signer = issuer === undefined ? ["-signkey", at("key")] : ["-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-CAcreateserial"];
    const files = ["-in", at("csr"), "-out", at("crt"), "-extfile", at("cnf"), "-extensions", "ext"];
    await run("openssl", ["x509", "-req", "-days", "10", `-${digest}`, ...signer, ...files]);
    return { key: await readFile(at("key"), "utf8"), cert: await readFile(at("crt"), "utf8") };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
