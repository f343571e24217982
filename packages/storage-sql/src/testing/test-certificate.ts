import { execFile } from "node:child_process";
import { chmod, chown, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Account } from "./programs.js";

const run = promisify(execFile);

export interface TestCertificate {
  /** PEM; it is its own authority. */
  readonly certFile: string;
  readonly keyFile: string;
}

/** A certificate for 127.0.0.1 and `database.test`, in `folder`; the key is readable to `account` alone, as databases want it. */
export async function issueTestCertificate(folder: string, account?: Account): Promise<TestCertificate> {
  const [certFile, keyFile, config] = [join(folder, "tls.crt"), join(folder, "tls.key"), join(folder, "openssl.cnf")];
  const names = "IP:127.0.0.1,DNS:database.test";
  await writeFile(config, `[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=ext\n[dn]\nCN=test\n[ext]\nsubjectAltName=${names}\n`);
  await run("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-config", config, "-keyout", keyFile, "-out", certFile],
  ]);
  await chmod(keyFile, 0o600);
  if (account !== undefined) await chown(keyFile, account.uid, account.gid);
  return { certFile, keyFile };
}
