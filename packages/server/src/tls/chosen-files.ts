import { readFileSync } from "node:fs";
import { certificatesOf } from "@dataplane/apiserver";
import { ConfigError } from "../config/load-config.js";
import { type CertificatePair, readPair } from "./issued-pair.js";

/** Files of a certificate and its key that somebody configured; `names` are the keys of the configuration. */
export interface ChosenPair extends CertificatePair {
  readonly names: string;
}

/** Throws ConfigError for files that cannot be read, or do not belong together. */
export function chosenPair({ names, ...files }: ChosenPair): CertificatePair {
  const pair = orConfigError(names, () => readPair(files));
  if (pair === undefined) throw new ConfigError(`[grafana-apiserver] ${names}: the key is not the certificate's`);
  return pair;
}

/** PEM, with a line break at its end. Throws ConfigError for a file without certificates. */
export function chosenAuthorities(name: string, file: string): string {
  const pem = orConfigError(name, () => {
    const text = readFileSync(file, "utf8");
    return certificatesOf(text).length === 0 ? undefined : text;
  });
  if (pem === undefined) throw new ConfigError(`[grafana-apiserver] ${name}: no certificate is in the file`);
  return pem.endsWith("\n") ? pem : `${pem}\n`;
}

function orConfigError<T>(names: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    // Node's words name the file; OpenSSL's say nothing of the key itself.
    throw new ConfigError(`[grafana-apiserver] ${names}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
