import { fileURLToPath } from "node:url";
import {
  type CallResourceResponse,
  type ContextOptions,
  DataFrameFormat,
  dataSourceContext,
  queryRequest,
  type RunningPlugin,
  startPlugin,
} from "@dataplane/plugin-sdk/testing";
import { samplesEnd, samplesStart } from "./samples.js";

/** A frame of an answer, as a client reads it. */
export interface JsonFrame {
  readonly schema: {
    readonly name?: string;
    readonly meta?: object;
    readonly fields: readonly { readonly name: string; readonly labels?: object; readonly config?: { readonly displayNameFromDS?: string } }[];
  };
  readonly data: { readonly values: readonly (readonly unknown[])[] };
}

/** The range of the fixed samples, with a point for each of them. */
export const range = { from: samplesStart, to: samplesEnd, intervalMs: 15_000, maxDataPoints: 1000, format: DataFrameFormat.JSON };

/** The plugin as a process, started from its sources, so that the test needs no build before it. */
export function startPrometheusPlugin(): Promise<RunningPlugin> {
  const file = fileURLToPath(new URL("../main.ts", import.meta.url));
  return startPlugin({ file, nodeOptions: ["--conditions=source", "--import", import.meta.resolve("tsx")], autoMtls: true });
}

/** Other settings are another data source: with the same uid and update time the plugin would rightly keep its instance. */
export const contextOf = (options: ContextOptions) => dataSourceContext({ pluginId: "prometheus", uid: JSON.stringify(options), ...options });

/** Asks one query, A, of a data source. */
export async function askQuery(
  plugin: RunningPlugin,
  options: ContextOptions,
  query: object,
  times: Partial<Parameters<typeof queryRequest>[2]> = {},
) {
  const { responses } = await plugin.call("queryData", queryRequest(contextOf(options), [{ refId: "A", ...query }], { ...range, ...times }));
  const answer = responses["A"];
  if (answer === undefined) throw new Error("no answer for A");
  return { ...answer, frames: answer.frames.map((frame): JsonFrame => JSON.parse(new TextDecoder().decode(frame)) as JsonFrame) };
}

/** Calls a resource of a data source, and reads its answer as JSON if it is. */
export async function askResource(plugin: RunningPlugin, options: ContextOptions, method: string, url: string, form = "", contentType?: string) {
  const headers = contentType === undefined ? {} : { "Content-Type": { values: [contentType] } };
  const request = { pluginContext: contextOf(options), method, path: url.split("?")[0] ?? "", url, headers, body: new TextEncoder().encode(form) };
  const pieces: CallResourceResponse[] = [];
  for await (const piece of plugin.stream("callResource", request)) pieces.push(piece);
  const text = pieces.map((piece) => new TextDecoder().decode(piece.body)).join("");
  return { code: pieces[0]?.code, json: text.startsWith("{") ? (JSON.parse(text) as { readonly data?: unknown; readonly message?: string }) : text };
}
