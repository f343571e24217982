import { badRequest } from "@dataplane/meta";
import type { OutboundTls } from "../outbound/outbound.js";
import type { DataSourceContext } from "../plugin-contexts.js";
import type { TemplateValues } from "./template.js";

/** What of a data source decides over a request to it. With secrets: never logged. */
export interface DataSourceSettings extends TemplateValues {
  readonly uid: string;
  /** Undefined without basic authentication. */
  readonly basicAuth: string | undefined;
  readonly tls: OutboundTls;
  /** From `jsonData.timeout`, in seconds there. */
  readonly timeoutMs: number | undefined;
}

/** Reads the keys that Grafana's own data source settings have. Throws BadRequest where one asks for what this server has not. */
export function dataSourceSettings({ uid, jsonData, pluginContext }: DataSourceContext): DataSourceSettings {
  const settings = pluginContext.dataSourceInstanceSettings;
  const secrets = settings?.decryptedSecureJsonData ?? {};
  // Someone wanted this traffic to go through a proxy: to send it past one would be worse than an error.
  if (jsonData["enableSecureSocksProxy"] === true) throw badRequest("enableSecureSocksProxy of the data source is not supported by the proxy");
  const timeout = Number(jsonData["timeout"]);
  return {
    uid,
    JsonData: jsonData,
    SecureJsonData: secrets,
    URL: settings?.url ?? "",
    basicAuth: settings?.basicAuthEnabled === true ? basic(settings.basicAuthUser, secrets["basicAuthPassword"] ?? "") : undefined,
    tls: tlsOf(jsonData, secrets),
    timeoutMs: timeout > 0 && timeout < 86_400 ? timeout * 1000 : undefined,
  };
}

const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

function tlsOf(jsonData: Readonly<Record<string, unknown>>, secrets: Readonly<Record<string, string>>): OutboundTls {
  const { tlsCACert, tlsClientCert, tlsClientKey } = secrets;
  const serverName = jsonData["serverName"];
  return {
    ...(jsonData["tlsSkipVerify"] === true ? { skipVerify: true } : {}),
    ...(typeof serverName === "string" && serverName !== "" ? { serverName } : {}),
    ...(jsonData["tlsAuthWithCACert"] === true && tlsCACert !== undefined ? { caCertificates: tlsCACert } : {}),
    ...(jsonData["tlsAuth"] === true && tlsClientCert !== undefined && tlsClientKey !== undefined
      ? { clientCertificate: tlsClientCert, clientKey: tlsClientKey }
      : {}),
  };
}

/** `jsonData.httpHeaderName1` with `secureJsonData.httpHeaderValue1`, and so on. */
export function customHeaders({ JsonData, SecureJsonData }: TemplateValues): readonly (readonly [string, string])[] {
  return Object.entries(JsonData).flatMap(([key, name]) => {
    const number = /^httpHeaderName(\d+)$/.exec(key)?.[1];
    const value = number === undefined ? undefined : SecureJsonData[`httpHeaderValue${number}`];
    return typeof name === "string" && name !== "" && value !== undefined ? [[name.toLowerCase(), value] as const] : [];
  });
}
