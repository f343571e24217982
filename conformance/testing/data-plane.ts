import { type Answer, type CallOptions, call } from "./call.js";
import type { StartedServer } from "./start-server.js";

/** The group that each data source plugin has without any doing. */
export const ownGroup = (pluginId: string): string => `${pluginId}.datasource.grafana.app`;

/** URL of the data sources of a plugin, in its own group and in the namespace `default`. */
export const dataSourcesUrl = ({ url }: Pick<StartedServer, "url">, pluginId: string): string =>
  `${url}/apis/${ownGroup(pluginId)}/v0alpha1/namespaces/default/datasources`;

export interface NewDataSource {
  readonly pluginId: string;
  readonly uid: string;
  readonly spec?: object;
  /** Values by key; write-only. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** Throws with the answer when it could not be created. */
export async function createDataSource(server: StartedServer, { pluginId, uid, spec, secrets = {} }: NewDataSource): Promise<void> {
  const answer = await call(dataSourcesUrl(server, pluginId), {
    body: {
      apiVersion: `${ownGroup(pluginId)}/v0alpha1`,
      kind: "DataSource",
      metadata: { name: uid },
      spec: { title: uid, url: "http://127.0.0.1:1", ...spec },
      secure: Object.fromEntries(Object.entries(secrets).map(([key, value]) => [key, { create: value }])),
    },
  });
  if (answer.status !== 201) throw new Error(`data source ${uid}: ${answer.text}`);
}

export interface Target {
  readonly pluginId: string;
  readonly uid: string;
}

/** Queries in the plugin's own group. */
export const query = (
  server: Pick<StartedServer, "url">,
  { pluginId, uid }: Target,
  queries: readonly object[],
  options: CallOptions = {},
): Promise<Answer> => call(`${dataSourcesUrl(server, pluginId)}/${uid}/query`, { body: { from: "now-1h", to: "now", queries }, ...options });
