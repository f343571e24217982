import { writeFileSync } from "node:fs";
import path from "node:path";
import type { CertificateFiles } from "./certificate-authority.js";
import { bareEnvironment, runProcess } from "./run-process.js";

export interface ClientWish {
  /** As openssl takes it: `/O=group/CN=user`. */
  readonly subject: string;
  /** Whose key signs; its own unless told. */
  readonly authority?: CertificateFiles;
  readonly usage?: "clientAuth" | "serverAuth" | "authority";
  /** Negative: it has ended already. */
  readonly days?: number;
}

let made = 0;

/** A client's key and certificate in files of `folder`, by openssl. */
export async function issueClient(folder: string, { subject, authority, usage = "clientAuth", days = 2 }: ClientWish): Promise<CertificateFiles> {
  made += 1;
  const file = (end: string): string => path.join(folder, `client-${made}.${end}`);
  writeFileSync(file("ext"), usage === "authority" ? "basicConstraints=critical,CA:true\n" : `extendedKeyUsage=${usage}\n`);
  await openssl(
    "req",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-subj",
    subject,
    "-keyout",
    file("key"),
    "-out",
    file("csr"),
  );
  const signer = authority === undefined ? ["-signkey", file("key")] : ["-CA", authority.cert, "-CAkey", authority.key];
  const serial = String(made + 1_000_000);
  await openssl(
    ...["x509", "-req", "-in", file("csr"), ...signer, "-set_serial", serial, "-days", String(days), "-extfile", file("ext"), "-out", file("crt")],
  );
  return { key: file("key"), cert: file("crt") };
}

async function openssl(...parameters: readonly string[]): Promise<void> {
  const ran = runProcess("openssl", parameters, { env: bareEnvironment() });
  if ((await ran.end).code !== 0) throw new Error(`openssl ${parameters.join(" ")}: ${ran.stderr()}`);
}
