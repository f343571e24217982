import { mkdirSync } from "node:fs";
import path from "node:path";
import type { Clock, Logger } from "@dataplane/meta";
import { watchFolders } from "@dataplane/plugin-host";
import { type Config, ConfigError } from "../config/load-config.js";
import type { ListenerCredentials } from "../listen/listeners.js";
import { type Authority, openAuthority } from "./authority.js";
import { type ChosenPair, chosenAuthorities, chosenPair } from "./chosen-files.js";
import { type CertificatePair, openPair } from "./issued-pair.js";
import { type Live, LiveValue } from "./live.js";
import { openServingCertificate, type ServingCertificate, servingCertificateOf } from "./serving-certificate.js";

/** Every certificate and authority of this server; each is exchanged while it is in use. */
export interface Certificates {
  readonly serving: Live<ServingCertificate>;
  /** Authorities whose clients are users, PEM. */
  readonly clientCa: Live<string>;
  /** Authorities of proxies that name the user, PEM. */
  readonly requestHeaderCa: Live<string>;
  /** What this server shows to those that it is such a proxy for. */
  readonly frontProxy: Live<CertificatePair>;
  /** What the HTTPS listener needs of these. */
  readonly listener: Live<ListenerCredentials>;
  /** Reads files that changed, and renews what nears its end, until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export interface CertificatesOptions {
  /** Made when it is not there (0700). */
  readonly directory: string;
  /** What relative paths of the configuration count from. */
  readonly root: string;
  readonly config: Pick<
    Config,
    "tlsCertFile" | "tlsPrivateKeyFile" | "clientCaFile" | "requestHeaderClientCaFile" | "proxyClientCertFile" | "proxyClientKeyFile"
  > &
    Partial<Pick<Config, "advertiseUrl">>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two looks at the files; a second unless told. */
  readonly lookMs?: number;
}

interface State {
  readonly serving: ServingCertificate;
  readonly clientCa: string;
  readonly requestHeaderCa: string;
  readonly frontProxy: CertificatePair;
}

/** Common name of what this server shows to those that it is a proxy for, unless other files were chosen. */
export const frontProxyName = "front-proxy-client";

const renewalMs = 3_600_000;
const ownFiles = ["ca", "serving", "client-ca", "front-proxy-ca", "front-proxy-client"];

/** Throws ConfigError for files that were configured and cannot be used. */
export function openCertificates(options: CertificatesOptions): Certificates {
  const { directory, clock, logger, lookMs = 1_000 } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const chosen = chosenFiles(options);
  const first = read(directory, chosen, clock.now());
  const serving = new LiveValue(first.serving);
  const clientCa = new LiveValue(first.clientCa);
  const requestHeaderCa = new LiveValue(first.requestHeaderCa);
  const frontProxy = new LiveValue(first.frontProxy);
  const listener = new LiveValue(listenerOf(first));

  const refresh = (): void => {
    try {
      const next = read(directory, chosen, clock.now());
      // Who is believed before who shows what: a certificate of a new authority finds it known.
      clientCa.set(next.clientCa);
      requestHeaderCa.set(next.requestHeaderCa);
      listener.set(listenerOf(next));
      serving.set(next.serving);
      frontProxy.set(next.frontProxy);
    } catch (error) {
      logger.warn({ err: error }, "certificates could not be read again; those in use stay");
    }
  };
  const watched = [...chosen.paths, ...ownFiles.flatMap((file) => ["key", "crt"].map((end) => path.join(directory, `${file}.${end}`)))];
  return {
    ...{ serving, clientCa, requestHeaderCa, frontProxy, listener },
    async run(signal) {
      const onSettled = (): Promise<void> => Promise.resolve().then(refresh);
      const renewal = async (): Promise<void> => {
        while (await elapsed(clock, renewalMs, signal)) refresh();
      };
      await Promise.all([watchFolders({ paths: () => watched, onSettled, periodMs: lookMs, clock }, signal), renewal()]);
    },
  };
}

const elapsed = (clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> =>
  clock.sleep(ms, signal).then(
    () => true,
    () => false,
  );

interface ChosenFiles {
  readonly serving: ChosenPair | undefined;
  readonly frontProxy: ChosenPair | undefined;
  readonly clientCa: string | undefined;
  readonly requestHeaderCa: string | undefined;
  readonly paths: readonly string[];
  /** By which other servers call this one; its own certificate has them. */
  readonly names: readonly string[];
}

function chosenFiles({ root, config }: CertificatesOptions): ChosenFiles {
  const fileOf = (value: string): string | undefined => (value === "" ? undefined : path.resolve(root, value));
  const pairOf = (certName: string, cert: string, keyName: string, key: string): ChosenPair | undefined => {
    const files = { cert: fileOf(cert), key: fileOf(key) };
    if (files.cert === undefined && files.key === undefined) return undefined;
    if (files.cert === undefined || files.key === undefined) throw new ConfigError(`[grafana-apiserver] ${certName} and ${keyName} go together`);
    return { cert: files.cert, key: files.key, names: `${certName} and ${keyName}` };
  };
  const serving = pairOf("tls_cert_file", config.tlsCertFile, "tls_private_key_file", config.tlsPrivateKeyFile);
  const frontProxy = pairOf("proxy_client_cert_file", config.proxyClientCertFile, "proxy_client_key_file", config.proxyClientKeyFile);
  const clientCa = fileOf(config.clientCaFile);
  const requestHeaderCa = fileOf(config.requestHeaderClientCaFile);
  const pairs = [serving, frontProxy].flatMap((pair) => (pair === undefined ? [] : [pair.cert, pair.key]));
  const { advertiseUrl = "" } = config;
  // As a URL writes an IPv6 address it stands in brackets.
  const names = URL.canParse(advertiseUrl) ? [new URL(advertiseUrl).hostname.replace(/^\[|\]$/g, "")] : [];
  return {
    serving,
    frontProxy,
    clientCa,
    requestHeaderCa,
    names,
    paths: [...pairs, ...[clientCa, requestHeaderCa].filter((it) => it !== undefined)],
  };
}

/** Everything as it is in the files now; what is the server's own is made or renewed where it must. */
function read(directory: string, chosen: ChosenFiles, now: Date): State {
  const frontProxyCa = openAuthority({ directory, file: "front-proxy-ca", purpose: "data-plane-aggregator-front-proxy-ca", now });
  const requestHeaderCa = chosen.requestHeaderCa === undefined ? frontProxyCa.pem : requestHeaderAuthorities(chosen, frontProxyCa);
  const ownClientCa = openAuthority({ directory, ...clientAuthority, now }).pem;
  return {
    serving: chosen.serving === undefined ? openServingCertificate(directory, now, chosen.names) : servingCertificateOf(chosenPair(chosen.serving)),
    clientCa: chosen.clientCa === undefined ? ownClientCa : chosenAuthorities("client_ca_file", chosen.clientCa),
    requestHeaderCa,
    frontProxy: chosen.frontProxy === undefined ? frontProxyPair(directory, frontProxyCa, now) : chosenPair(chosen.frontProxy),
  };
}

/** Where the authority of client certificates is that this server issues. */
export const clientAuthority = { file: "client-ca", purpose: "data-plane-aggregator-client-ca" } as const;

/** While this server shows a certificate of its own authority, those behind it must know that one too. */
function requestHeaderAuthorities({ requestHeaderCa = "", frontProxy }: ChosenFiles, own: Authority): string {
  const theirs = chosenAuthorities("requestheader_client_ca_file", requestHeaderCa);
  return frontProxy === undefined ? theirs + own.pem : theirs;
}

const frontProxyPair = (directory: string, authority: Authority, now: Date): CertificatePair =>
  openPair({
    ...{ directory, file: "front-proxy-client", authority, now },
    subject: { subject: frontProxyName, dnsNames: [], ipAddresses: [], usages: ["clientAuth"] },
  });

const listenerOf = ({ serving: { key, cert }, clientCa, requestHeaderCa }: State): ListenerCredentials => ({
  key,
  cert,
  clientAuthorities: clientCa + requestHeaderCa,
});
