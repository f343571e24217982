import { ConfigError } from "./config/load-config.js";
import type { StoreLocation } from "./store-location.js";

/** What a database's URL says; what it does not say is undefined. */
export interface DatabaseUrl {
  readonly engine: StoreLocation["engine"];
  readonly hosts: readonly string[];
  /** Without the slash before it, but of sqlite3, where all after `//` is the path. */
  readonly name: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly options: ReadonlyMap<UrlOption, string>;
}

/** Options that may follow `?`: the names are libpq's. */
export type UrlOption = "sslmode" | "sslrootcert" | "sslcert" | "sslkey";

const options: ReadonlySet<string> = new Set<UrlOption>(["sslmode", "sslrootcert", "sslcert", "sslkey"]);
const isOption = (name: string): name is UrlOption => options.has(name);

const engines: ReadonlyMap<string, StoreLocation["engine"]> = new Map<string, StoreLocation["engine"]>([
  ["postgres", "postgres"],
  ["postgresql", "postgres"],
  ["mysql", "mysql"],
  ["mariadb", "mysql"],
  ["etcd", "etcd"],
  ["sqlite3", "sqlite3"],
  ["sqlite", "sqlite3"],
]);

// Several hosts are no URL to the platform's parser.
const parts = /^([a-z0-9]+):\/\/(?:([^@/?#]*)@)?([^@/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/;

/** Throws ConfigError, whose message never repeats the text: a password may be in it. */
export function parseDatabaseUrl(text: string): DatabaseUrl {
  const match = parts.exec(text);
  const engine = engines.get(match?.[1] ?? "");
  if (match === null || engine === undefined) {
    throw refused(
      "it must be like postgres://user:password@host:port/name, and so with mysql, etcd or sqlite3; @ / ? # in a password as %40 %2F %3F %23",
    );
  }
  const [, , userInfo, authority = "", path, query = ""] = match;
  const [user, password] = userInfo === undefined ? [] : splitOnce(userInfo, ":").map(decoded);
  const isFile = engine === "sqlite3";
  const name = isFile ? authority + (path ?? "") : (path ?? "").slice(1);
  const hosts = isFile ? [] : authority.split(",").filter((host) => host !== "");
  const found = optionsOf(query);
  if (isFile && (userInfo !== undefined || found.size > 0)) throw refused("a file has neither user nor options");
  return { engine, hosts, name: name === "" ? undefined : decoded(name), user, password, options: found };
}

function optionsOf(query: string): ReadonlyMap<UrlOption, string> {
  const found = new Map<UrlOption, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (!isOption(name)) throw refused(`it has the option ${JSON.stringify(name)}; known are ${[...options].join(", ")}`);
    found.set(name, value);
  }
  return found;
}

function splitOnce(text: string, by: string): readonly string[] {
  const index = text.indexOf(by);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + by.length)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused("it has a % that is not followed by two hexadecimal digits; a percent sign itself is %25");
  }
}

const refused = (why: string): ConfigError => new ConfigError(`[database] url: ${why}`);
