import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A key and a self-signed certificate, PEM. */
export interface IssuedCertificate {
  readonly key: string;
  readonly cert: string;
}

/** For the names `subjectAltName`, such as `IP:127.0.0.1` or `DNS:hook.default.svc`. */
export async function issueCertificate(subjectAltName: string): Promise<IssuedCertificate> {
  const directory = await mkdtemp(join(tmpdir(), "dp-hook-cert-"));
  try {
    const [key, cert, config] = [join(directory, "key.pem"), join(directory, "cert.pem"), join(directory, "openssl.cnf")];
    await writeFile(config, `[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=ext\n[dn]\nCN=test\n[ext]\nsubjectAltName=${subjectAltName}\n`);
    const keyOptions = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    await run("openssl", ["req", "-x509", ...keyOptions, "-config", config, "-keyout", key, "-out", cert]);
    return { key: await readFile(key, "utf8"), cert: await readFile(cert, "utf8") };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
