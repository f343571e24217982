import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Paths of PEM files. */
export interface TestCertificates {
  readonly caFile: string;
  readonly serverCertFile: string;
  readonly serverKeyFile: string;
  readonly clientCertFile: string;
  readonly clientKeyFile: string;
}

/** An authority, and certificates of it: for a server at 127.0.0.1, and for a client. */
export async function issueTestCertificates(folder: string): Promise<TestCertificates> {
  mkdirSync(folder, { recursive: true });
  const at = (name: string): string => path.join(folder, name);
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await run("openssl", ["req", "-x509", ...newKey, "-days", "2", "-subj", "/CN=test authority", "-keyout", at("ca.key"), "-out", at("ca.crt")]);
  const issue = async (name: string, extensions: string): Promise<void> => {
    writeFileSync(at(`${name}.ext`), extensions);
    await run("openssl", ["req", ...newKey, "-subj", `/CN=${name}`, "-keyout", at(`${name}.key`), "-out", at(`${name}.csr`)]);
    const from = ["-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "2"];
    await run("openssl", ["x509", "-req", ...from, "-in", at(`${name}.csr`), "-extfile", at(`${name}.ext`), "-out", at(`${name}.crt`)]);
  };
  // etcd's own gateway shows the server's certificate as a client.
  await issue("server", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n");
  await issue("client", "extendedKeyUsage=clientAuth\n");
  return {
    caFile: at("ca.crt"),
    serverCertFile: at("server.crt"),
    serverKeyFile: at("server.key"),
    clientCertFile: at("client.crt"),
    clientKeyFile: at("client.key"),
  };
}
