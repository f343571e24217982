import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { bareEnvironment, runProcess } from "./run-process.js";
import { temporaryFolder } from "./start-server.js";

/** Files of a key and its certificate, PEM. */
export interface CertificateFiles {
  readonly key: string;
  readonly cert: string;
}

/** An authority of a test's own, and what it signs. */
export interface CertificateAuthority {
  /** PEM. */
  readonly ca: string;
  /** For a server of these names, such as `DNS:sample.default.svc` or `IP:127.0.0.1`. */
  issue(name: string, subjectAltNames: readonly string[], days?: number): Promise<CertificateFiles>;
  /** Removes every file. */
  remove(): void;
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Needs openssl. */
export async function openAuthority(): Promise<CertificateAuthority> {
  const folder = temporaryFolder("authority");
  const file = (name: string): string => path.join(folder, name);
  await openssl("req", "-x509", ...newKey, "-days", "2", "-subj", "/CN=test authority", "-keyout", file("ca.key"), "-out", file("ca.crt"));
  return {
    ca: readFileSync(file("ca.crt"), "utf8"),
    async issue(name, subjectAltNames, days = 2) {
      const files = { key: file(`${name}.key`), cert: file(`${name}.crt`) };
      writeFileSync(file(`${name}.ext`), `subjectAltName=${subjectAltNames.join(",")}\n`);
      await openssl("req", ...newKey, "-subj", `/CN=${name}`, "-keyout", files.key, "-out", file(`${name}.csr`));
      const authority = ["-CA", file("ca.crt"), "-CAkey", file("ca.key"), "-CAcreateserial"];
      await openssl(
        "x509",
        "-req",
        "-in",
        file(`${name}.csr`),
        ...authority,
        "-days",
        String(days),
        "-extfile",
        file(`${name}.ext`),
        "-out",
        files.cert,
      );
      return files;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function openssl(...parameters: readonly string[]): Promise<void> {
  const made = runProcess("openssl", parameters, { env: bareEnvironment() });
  if ((await made.end).code !== 0) throw new Error(`openssl ${parameters.join(" ")}: ${made.stderr()}`);
}
