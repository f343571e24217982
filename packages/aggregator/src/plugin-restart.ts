import type { Lister } from "@dataplane/client";
import { dataPlaneServicesRef } from "@dataplane/clientset";
import { type ApiObject, conflict, type Handler, type HttpRequest, type HttpResponse, notFound, unavailable } from "@dataplane/meta";
import type { PluginSource } from "@dataplane/plugin-host";
import { dataPlaneServiceFrom } from "./dataplaneservice.js";
import { methodNotAllowed } from "./method-not-allowed.js";

export interface PluginRestartOptions {
  /** The next server in the chain. */
  readonly delegate: Handler;
  /** Of DataPlaneServices. */
  readonly services: Pick<Lister<ApiObject>, "get">;
  readonly plugins: PluginSource;
}

const { group, version, resource } = dataPlaneServicesRef;

/**
 * `POST …/dataplaneservices/<name>/restart`: a new process takes the place of the plugin's, without a failed call; one that was given up
 * is started again. Answered when the new process runs. It is authorized as `create` of `dataplaneservices/restart`, in no namespace:
 * for admins.
 */
export function pluginRestartHandler(options: PluginRestartOptions): Handler {
  return (request) => {
    const { info } = request.context;
    const isRestart = info?.group === group && info.version === version && info.resource === resource && info.subresource === "restart";
    if (!isRestart || info.segments.length !== 3) return options.delegate(request);
    if (request.method !== "POST") return Promise.reject(methodNotAllowed(request.method, "POST"));
    return restart(info.name, request, options);
  };
}

async function restart(name: string, { signal }: HttpRequest, { services, plugins }: PluginRestartOptions): Promise<HttpResponse> {
  const service = services.get(name);
  if (service === undefined) throw notFound(resource, name, group);
  const { pluginID } = dataPlaneServiceFrom(service).spec;
  const plugin = plugins.get(pluginID);
  if (plugin === undefined) throw conflict(resource, name, group, `plugin ${JSON.stringify(pluginID)} is not installed`);
  const restarted = plugin.restart().catch((thrown: unknown) => {
    throw unavailable(`plugin ${JSON.stringify(pluginID)} was not restarted: ${thrown instanceof Error ? thrown.message : String(thrown)}`, 5);
  });
  await Promise.race([restarted, untilGone(signal)]);
  const status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    message: `plugin ${JSON.stringify(pluginID)} is restarted`,
    details: { name, group, kind: resource },
    code: 200,
  };
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(status) };
}

/** The restart goes on; only its caller no longer waits. */
function untilGone(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const gone = (): void => reject(unavailable("the restart takes longer than this request may"));
    signal.addEventListener("abort", gone, { once: true });
    if (signal.aborted) gone();
  });
}
