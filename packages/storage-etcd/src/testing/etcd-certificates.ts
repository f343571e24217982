import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Paths of PEM files. */
export interface TestCertificates {
  readonly caFile: string;
  readonly serverCertFile: string;
  readonly serverKeyFile: string;
  readonly clientCertFile: string;
  readonly clientKeyFile: string;
}

/** An authority, and certificates of it: for a server at 127.0.0.1, and for a client. */
export function issueTestCertificates(folder: string): TestCertificates {
  mkdirSync(folder, { recursive: true });
  const at = (name: string): string => path.join(folder, name);
  // eslint-disable-next-line sonarjs/no-os-command-from-path -- whichever openssl the developer has
  const openssl = (...args: readonly string[]): void => void execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl("req", "-x509", ...newKey, "-days", "2", "-subj", "/CN=test authority", "-keyout", at("ca.key"), "-out", at("ca.crt"));
  const issue = (name: string, extensions: string): void => {
    writeFileSync(at(`${name}.ext`), extensions);
    openssl("req", ...newKey, "-subj", `/CN=${name}`, "-keyout", at(`${name}.key`), "-out", at(`${name}.csr`));
    const from = ["-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "2"];
    openssl("x509", "-req", ...from, "-in", at(`${name}.csr`), "-extfile", at(`${name}.ext`), "-out", at(`${name}.crt`));
  };
  // etcd's own gateway shows the server's certificate as a client.
  issue("server", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n");
  issue("client", "extendedKeyUsage=clientAuth\n");
  return {
    caFile: at("ca.crt"),
    serverCertFile: at("server.crt"),
    serverKeyFile: at("server.key"),
    clientCertFile: at("client.crt"),
    clientKeyFile: at("client.key"),
  };
}

export const pemOf = (file: string): Buffer => readFileSync(file);
