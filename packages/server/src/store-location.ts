import { isIPv6 } from "node:net";
import path from "node:path";
import { type Config, ConfigError } from "./config/load-config.js";
import { databaseSettings } from "./config/settings/database.js";
import { type DatabaseUrl, parseDatabaseUrl, type UrlOption } from "./database-url.js";

/** TLS to a database. Certificates are paths of PEM files. */
export interface DatabaseTls {
  readonly mode: "require" | "verify-ca" | "verify-full";
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** A database behind a network, which several servers may share. */
export interface NetworkLocation {
  readonly engine: "postgres" | "mysql" | "etcd";
  /** host:port; more than one of etcd only. */
  readonly hosts: readonly string[];
  /** Of the database; of etcd what its keys begin with. */
  readonly name: string;
  readonly user?: string;
  readonly password?: string;
  /** Absent: no TLS. */
  readonly tls?: DatabaseTls;
  readonly maxConnections: number;
}

/** Where a store is, by the configuration or by a command line's URL. */
export type StoreLocation = { readonly engine: "sqlite3"; readonly path: string } | NetworkLocation;

type Keys =
  | "dataPath"
  | "databaseType"
  | "databaseUrl"
  | "databaseHost"
  | "databaseName"
  | "databaseUser"
  | "databasePassword"
  | "databasePath"
  | "databaseSslMode"
  | "databaseCaCertPath"
  | "databaseClientCertPath"
  | "databaseClientKeyPath"
  | "databaseMaxOpenConn"
  | "storageType"
  | "etcdServers"
  | "etcdPrefix";

type Settings = Pick<Config, Keys>;

const defaultPorts = { postgres: 5432, mysql: 3306, etcd: 2379 } as const;

/** Throws ConfigError, which names the keys, for settings that contradict each other. */
export function storeLocation(config: Settings): StoreLocation {
  const url = config.databaseUrl === "" ? undefined : parseDatabaseUrl(config.databaseUrl);
  const engine = engineOf(config, url);
  if (engine !== "etcd" && config.etcdServers !== "") {
    throw new ConfigError(
      `[grafana-apiserver] etcd_servers is set, but the store is ${engine}: set [grafana-apiserver] storage_type = etcd, or take it out`,
    );
  }
  if (engine === "sqlite3") {
    const file = agreed("[database] path", config.databasePath, databaseSettings.databasePath.default, url?.name);
    return { engine, path: path.resolve(config.dataPath, file) };
  }
  const servers = serversOf(config, engine, url);
  const user = agreed("[database] user", config.databaseUser, "", url?.user);
  const password = agreed("[database] password", config.databasePassword, "", url?.password);
  if (engine !== "etcd" && user === "") throw new ConfigError(`[database] user is empty: ${engine} needs one`);
  const tls = tlsOf(config, url, servers.scheme);
  return {
    engine,
    hosts: servers.hosts,
    name: nameOf(config, engine, url),
    ...(user === "" ? {} : { user }),
    ...(password === "" ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
    maxConnections: config.databaseMaxOpenConn,
  };
}

/** `[::1]:5432` and the like in its parts. */
export function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text);
  if (match === null || (match[1] !== undefined && !isIPv6(match[1])))
    throw new ConfigError(`[database] host: ${JSON.stringify(text)} is not host:port; an IPv6 address is in brackets`);
  return { host: match[1] ?? match[2] ?? "", port: Number(match[3]) };
}

/** The default of `[database] type` says nothing: who gives a URL need not repeat it. */
function engineOf({ databaseType, storageType }: Settings, url: DatabaseUrl | undefined): StoreLocation["engine"] {
  const said = [
    ...(url === undefined ? [] : [{ by: "[database] url", engine: url.engine }]),
    ...(databaseType === databaseSettings.databaseType.default ? [] : [{ by: `[database] type = ${databaseType}`, engine: databaseType }]),
    ...(storageType === "etcd" ? [{ by: "[grafana-apiserver] storage_type = etcd", engine: "etcd" as const }] : []),
  ];
  const [first] = said;
  if (first === undefined) return "sqlite3";
  const other = said.find(({ engine }) => engine !== first.engine);
  if (other !== undefined) throw new ConfigError(`${first.by} is ${first.engine}, but ${other.by} is ${other.engine}: keep one of them`);
  return first.engine;
}

interface Servers {
  readonly hosts: readonly string[];
  readonly scheme?: "http" | "https";
}

function serversOf(config: Settings, engine: NetworkLocation["engine"], url: DatabaseUrl | undefined): Servers {
  const { hosts, scheme } = listed("[grafana-apiserver] etcd_servers", config.etcdServers);
  const own = listed("[database] host", agreed("[database] host", config.databaseHost, databaseSettings.databaseHost.default, url?.hosts.join(",")));
  if (hosts.length > 0 && url !== undefined && url.hosts.length > 0 && hosts.join() !== own.hosts.join()) {
    throw new ConfigError("[grafana-apiserver] etcd_servers names others than [database] url: keep one of them");
  }
  const chosen = hosts.length > 0 ? { hosts, ...(scheme === undefined ? {} : { scheme }) } : own;
  if (engine !== "etcd" && chosen.hosts.length !== 1)
    throw new ConfigError(`[database] host: ${engine} takes one host, not ${String(chosen.hosts.length)}`);
  if (engine !== "etcd" && chosen.scheme !== undefined) throw new ConfigError("[database] host: a host, or host:port, without a scheme");
  return { ...chosen, hosts: chosen.hosts.map((host) => withPort(host, defaultPorts[engine])) };
}

/** Hosts parted by commas; all with the same scheme before them, or none. */
function listed(key: string, text: string): Servers {
  const each = text
    .split(",")
    .map((host) => host.trim())
    .filter((host) => host !== "");
  const schemes = new Set(each.map((host) => (/^https?:\/\//.exec(host)?.[0] ?? "").replace("://", "")));
  if (schemes.size > 1) throw new ConfigError(`${key}: some servers have another scheme than the others`);
  const [scheme] = schemes;
  const hosts = each.map((host) => host.replace(/^https?:\/\//, "").replace(/\/$/, ""));
  return scheme === "http" || scheme === "https" ? { hosts, scheme } : { hosts };
}

function withPort(host: string, port: number): string {
  const bare = isIPv6(host) ? `[${host}]` : host;
  const { host: name, port: number } = hostAndPort(/:\d+$/.test(bare) && !bare.endsWith("]") ? bare : `${bare}:${String(port)}`);
  return name.includes(":") ? `[${name}]:${String(number)}` : `${name}:${String(number)}`;
}

function nameOf(config: Settings, engine: NetworkLocation["engine"], url: DatabaseUrl | undefined): string {
  if (engine !== "etcd") return agreed("[database] name", config.databaseName, databaseSettings.databaseName.default, url?.name);
  const fromUrl = url?.name === undefined ? undefined : `/${url.name}`;
  return agreed("[grafana-apiserver] etcd_prefix", config.etcdPrefix, databaseSettings.etcdPrefix.default, fromUrl);
}

function tlsOf(config: Settings, url: DatabaseUrl | undefined, scheme: Servers["scheme"]): DatabaseTls | undefined {
  const of = (key: string, value: string, option: UrlOption): string => agreed(`[database] ${key}`, value, "", url?.options.get(option));
  const caFile = of("ca_cert_path", config.databaseCaCertPath, "sslrootcert");
  const certFile = of("client_cert_path", config.databaseClientCertPath, "sslcert");
  const keyFile = of("client_key_path", config.databaseClientKeyPath, "sslkey");
  const given = of("ssl_mode", config.databaseSslMode, "sslmode");
  const mode = given === "" && (scheme === "https" || (scheme === undefined && caFile !== "")) ? "verify-full" : given === "" ? "disable" : given;
  if (mode !== "disable" && mode !== "require" && mode !== "verify-ca" && mode !== "verify-full") {
    throw new ConfigError(`[database] url: sslmode is disable, require, verify-ca or verify-full, not ${JSON.stringify(mode)}`);
  }
  if (scheme !== undefined && (scheme === "https") !== (mode !== "disable")) {
    throw new ConfigError(`[database] ssl_mode = ${mode} contradicts ${scheme}:// in [grafana-apiserver] etcd_servers`);
  }
  if ((certFile === "") !== (keyFile === "")) throw new ConfigError("[database] client_cert_path and [database] client_key_path come together");
  if (mode === "disable") {
    if (certFile !== "") throw new ConfigError("[database] client_cert_path is set, but [database] ssl_mode is disable");
    return undefined;
  }
  return { mode, ...(caFile === "" ? {} : { caFile }), ...(certFile === "" ? {} : { certFile, keyFile }) };
}

/** The URL's word, else the key's; who sets both must say the same. */
function agreed(key: string, value: string, byDefault: string, fromUrl: string | undefined): string {
  if (fromUrl === undefined || fromUrl === "") return value;
  if (value !== byDefault && value !== fromUrl) throw new ConfigError(`${key} contradicts [database] url: keep one of them`);
  return fromUrl;
}
