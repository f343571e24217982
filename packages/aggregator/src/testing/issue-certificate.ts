import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A key and a certificate, PEM. */
export interface IssuedCertificate {
  readonly key: string;
  readonly cert: string;
}

/** A self-signed certificate for `subjectAltName`, such as `IP:127.0.0.1` or `DNS:backend.test`, good for client and server. */
export async function issueCertificate(subjectAltName: string): Promise<IssuedCertificate> {
  const directory = await mkdtemp(join(tmpdir(), "dp-cert-"));
  try {
    const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
    const config = join(directory, "openssl.cnf");
    await writeFile(config, `[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=ext\n[dn]\nCN=test\n[ext]\nsubjectAltName=${subjectAltName}\n`);
    await run("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
      ...["-config", config, "-keyout", key, "-out", cert],
    ]);
    return { key: await readFile(key, "utf8"), cert: await readFile(cert, "utf8") };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
