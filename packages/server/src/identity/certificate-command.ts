import { existsSync } from "node:fs";
import path from "node:path";
import { silentLogger, systemClock } from "@dataplane/meta";
import { type CertificateCommand, UsageError } from "../command-line.js";
import type { Config } from "../config/load-config.js";
import { readRunState } from "../run-state.js";
import { readAuthority } from "../tls/authority.js";
import { clientAuthority, openCertificates } from "../tls/certificates.js";
import { issuePair } from "../tls/issued-pair.js";
import { kubeconfigText } from "./kubeconfig.js";
import { problemOfUser } from "./user-commands.js";

const day = 86_400_000;
/** The authority lives longer, always. */
const maxDays = 730;

/**
 * `dataplane certs issue …`: prints a kubeconfig with a new client certificate, which a running server knows at once. Throws UsageError
 * for what cannot be done.
 */
export function runCertificateCommand({ user, groups, days }: CertificateCommand, config: Config, root: string): void {
  const directory = path.join(config.dataPath, "keys");
  const refusal = problemOfUser(user, groups) ?? problemOfDays(days) ?? problemOfAuthority(config, directory);
  if (refusal !== undefined) throw new UsageError(refusal);
  const now = systemClock.now();
  const subject = { subject: user, organizations: groups, dnsNames: [], ipAddresses: [], usages: ["clientAuth"] as const };
  const authority = readAuthority({ directory, file: clientAuthority.file });
  const pair = issuePair({ authority, subject, now, lifetimeMs: days * day });
  const { serving } = openCertificates({ directory, root, config, clock: systemClock, logger: silentLogger });
  const server = readRunState(config.dataPath)?.https?.url ?? `https://127.0.0.1:${config.httpsPort}`;
  process.stdout.write(kubeconfigText({ server, ca: serving.current.ca, credential: pair }));
  const end = new Date(now.getTime() + days * day).toISOString();
  console.error(`${user} may log in with it until ${end}, with the rights of ${groups.join(", ")}. It cannot be called back; rights can.`);
}

const problemOfDays = (days: number): string | undefined =>
  Number.isInteger(days) && days >= 1 && days <= maxDays ? undefined : `--days is a whole number from 1 to ${maxDays}`;

function problemOfAuthority({ clientCaFile }: Config, directory: string): string | undefined {
  if (clientCaFile !== "") return "[grafana-apiserver] client_ca_file is set: whoever has the key of that authority issues certificates";
  return existsSync(path.join(directory, `${clientAuthority.file}.key`))
    ? undefined
    : "there is no authority for client certificates yet: start the server once, which makes it";
}
