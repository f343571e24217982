import { type DataSourceSettings, type JsonObject, readBoolean, readNumber, readString, SettingsError } from "@dataplane/plugin-sdk";
import { parseDuration } from "./duration.js";
import { defaultScrapeInterval } from "./step.js";

/** How a data source reaches its Prometheus, by Grafana's keys. */
export interface PrometheusSettings {
  readonly uid: string;
  /** Without a trailing slash in its path. */
  readonly url: URL;
  readonly method: "GET" | "POST";
  /** Added to every request. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
  /** Secret values among them: never to be logged. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Bytes of an answer at most; 0 is no limit. */
  readonly responseLimit: number;
  readonly tls: TlsSettings;
  readonly scrapeInterval: string;
  /** Whether the user's own login goes on to Prometheus. */
  readonly oauthPassThru: boolean;
}

export interface TlsSettings {
  readonly rejectUnauthorized: boolean;
  readonly servername?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Reads the settings. Throws SettingsError when the URL is missing or wrong, BadRequestError when another key is. */
export function readSettings(settings: DataSourceSettings, config: Readonly<Record<string, string>> = {}): PrometheusSettings {
  const { jsonData } = settings;
  const scrapeInterval = readString(jsonData, "timeInterval", "") || defaultScrapeInterval;
  parseDuration(scrapeInterval, "timeInterval");
  return {
    uid: settings.uid,
    url: urlOf(settings.url),
    method: methodOf(jsonData),
    parameters: [...new URLSearchParams(readString(jsonData, "customQueryParameters", ""))],
    headers: { ...customHeaders(settings), ...basicAuth(settings) },
    timeoutMs: timeoutOf(jsonData),
    responseLimit: Number(config["GF_RESPONSE_LIMIT"] ?? 0) || 0,
    tls: tlsOf(settings),
    scrapeInterval,
    oauthPassThru: readBoolean(jsonData, "oauthPassThru", false),
  };
}

/** Seconds in the settings; 0 means the default. */
function timeoutOf(jsonData: JsonObject): number {
  const seconds = readNumber(jsonData, "timeout", 0);
  if (seconds < 0) throw new SettingsError("timeout must not be negative");
  return (seconds === 0 ? 30 : seconds) * 1000;
}

function urlOf(text: string): URL {
  if (text === "") throw new SettingsError("the data source has no URL");
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol))
    throw new SettingsError("the URL of the data source must be http:// or https://");
  return url;
}

function methodOf(jsonData: JsonObject): "GET" | "POST" {
  const method = readString(jsonData, "httpMethod", "").toUpperCase();
  if (method === "GET") return "GET";
  if (method === "POST" || method === "") return "POST";
  throw new SettingsError("httpMethod must be GET or POST");
}

/** `httpHeaderName1` in jsonData, its value `httpHeaderValue1` among the secrets, and so on. */
function customHeaders({ jsonData, secure }: DataSourceSettings): Readonly<Record<string, string>> {
  const pairs = Object.entries(jsonData).flatMap(([key, name]) => {
    const number = /^httpHeaderName(\d+)$/.exec(key)?.[1];
    const value = number === undefined ? undefined : secure[`httpHeaderValue${number}`];
    return typeof name === "string" && name !== "" && value !== undefined ? [[name.toLowerCase(), value] as const] : [];
  });
  return Object.fromEntries(pairs);
}

function basicAuth({ basicAuthEnabled, basicAuthUser, secure }: DataSourceSettings): Readonly<Record<string, string>> {
  if (!basicAuthEnabled) return {};
  const login = Buffer.from(`${basicAuthUser}:${secure["basicAuthPassword"] ?? ""}`).toString("base64");
  return { authorization: `Basic ${login}` };
}

function tlsOf({ jsonData, secure }: DataSourceSettings): TlsSettings {
  const servername = readString(jsonData, "serverName", "");
  const ca = readBoolean(jsonData, "tlsAuthWithCACert", false) ? secure["tlsCACert"] : undefined;
  const { tlsClientCert: cert, tlsClientKey: key } = secure;
  const withClient = readBoolean(jsonData, "tlsAuth", false);
  if (withClient && (cert === undefined || key === undefined)) throw new SettingsError("tlsAuth needs tlsClientCert and tlsClientKey");
  return {
    rejectUnauthorized: !readBoolean(jsonData, "tlsSkipVerify", false),
    ...(servername === "" ? {} : { servername }),
    ...(ca === undefined ? {} : { ca }),
    ...(withClient && cert !== undefined && key !== undefined ? { cert, key } : {}),
  };
}
