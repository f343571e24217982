import type { ApiSource } from "@dataplane/apiserver";
import { type Handler, type HttpRequest, type HttpResponse, type RequestInfo, unavailable } from "@dataplane/meta";
import { createdName } from "./created-name.js";
import { aggregationGroup, type DataPlaneService, dataPlaneServices } from "./dataplaneservice.js";
import { methodNotAllowed } from "./method-not-allowed.js";
import { isNamedQueryRun, runNamedQuery } from "./named-queries/run-named-query.js";
import { type ObjectHooks, objectHooks } from "./object-hooks.js";
import { type MatchedPath, PluginHandler, type PluginHandlerOptions } from "./plugin-handler.js";
import { answerQueryService, isQueryServicePath } from "./query-service/query-service.js";
import type { Conflict, StoredResources } from "./route-conflicts.js";
import { RouteTable } from "./route-table.js";
import { routesApiSource } from "./routes-api-source.js";
import { isDataPlanePath } from "./service-types/data-plane-paths.js";

export interface GrafanaAggregatorOptions extends PluginHandlerOptions {
  /** The next server in the chain: it gets what is no route of the data plane. */
  readonly delegate: Handler;
  readonly stored: StoredResources;
}

/** First in the request path: a route of a DataPlaneService goes to its plugin, anything else to the delegate. */
export interface GrafanaAggregator {
  readonly handler: Handler;
  /** For discovery and OpenAPI. */
  readonly apiSource: ApiSource;
  /** What the routed services say of stored objects. */
  readonly objectHooks: ObjectHooks;
  /**
   * Id of the plugin whose route answers such a request; empty where a backend does, or the plugins of several data sources. Undefined for
   * what goes to the delegate, or is not known yet.
   */
  pluginOf(method: string, info: RequestInfo): string | undefined;
  /** Adds or replaces the service of that name; obeyed by the next request. One that is served as it is stays. */
  serve(service: DataPlaneService): void;
  withdraw(name: string): void;
  /** Judges all services again; call it when the stored resources or the remote APIServices change. */
  rejudge(): void;
  /** Makes the routes of all services anew; call it when the routes that manifests add change. */
  rebuild(): void;
  /** Every service that is known, routed or not. */
  readonly names: readonly string[];
  /** Why the service of that name is not routed; undefined when it is, or is not known. */
  conflictOf(name: string): Conflict | undefined;
  /** Set once, after all services were seen: until then an unknown group is 503, not 404. */
  readonly hasSynced: boolean;
  markSynced(): void;
  /** Calls back after the routes changed, and when all are known; returns the way to stop that. */
  onChange(listener: () => void): () => void;
  /**
   * Calls back after a write went through to the delegate with success, and waits, before the answer is given: what a client wrote
   * is then obeyed by its next request. Of a DataPlaneService that was created it is told the name, where the answer shows it.
   */
  onWrite(listener: (info: RequestInfo) => Promise<void>): () => void;
  /** A write went through elsewhere, to the same delegate; resolves when it is obeyed here. */
  wrote(info: RequestInfo): Promise<void>;
}

export function createGrafanaAggregator(options: GrafanaAggregatorOptions): GrafanaAggregator {
  const { delegate, stored } = options;
  const changed = new Set<() => void>();
  const written = new Set<(info: RequestInfo) => Promise<void>>();
  let table = RouteTable.empty;
  let generation = 0;
  let hasSynced = false;

  const tell = (): void => {
    for (const listener of changed) listener();
  };
  const swap = (next: RouteTable): void => {
    table = next;
    generation += 1;
    tell();
  };

  const handler: Handler = async (request) => {
    const { info } = request.context;
    if (info === undefined) return delegate(request);
    if (isQueryServicePath(info)) return answerQueryService(request, info.namespace, options);
    if (isNamedQueryRun(info)) return runNamedQuery(request, info, options);
    const route = info.isResourceRequest ? findRoute(table, stored, request.method, info) : undefined;
    if (route !== undefined) return answer(route, request);
    if (!hasSynced) refuseUntilSynced(info, stored);
    return delegated(request, info, { delegate, written });
  };

  return {
    handler,
    apiSource: routesApiSource(() => ({ table, generation })),
    objectHooks: objectHooks({
      ...options,
      serviceOf: (groupVersion) => table.handlerOf(groupVersion)?.service,
      services: () => table.served.map(({ service }) => service),
      areKnown: () => hasSynced,
    }),
    pluginOf(method, info) {
      if (!hasSynced) return undefined;
      if (isQueryServicePath(info) || isNamedQueryRun(info)) return "";
      const route = info.isResourceRequest ? findRoute(table, stored, method, info) : undefined;
      return route === undefined ? undefined : (table.handlerOf(info)?.service.spec.pluginID ?? "");
    },
    serve(service) {
      if (!table.serves(service)) swap(table.with(new PluginHandler(service, options), stored));
    },
    withdraw: (name) => {
      if (table.has(name)) swap(table.without(name, stored));
    },
    rebuild: () => swap(table.services.reduce((next, service) => next.with(new PluginHandler(service, options), stored), table)),
    rejudge: () => swap(table.judgedBy(stored)),
    get names() {
      return table.names;
    },
    conflictOf: (name) => table.conflictOf(name),
    get hasSynced() {
      return hasSynced;
    },
    markSynced: () => {
      hasSynced = true;
      tell();
    },
    onChange: (listener) => listen(changed, listener),
    onWrite: (listener) => listen(written, listener),
    wrote: (info) => tellWritten(written, info),
  };
}

/** Fixed paths of the data plane, then stored resources (the delegate's), then patterns. */
function findRoute(table: RouteTable, stored: StoredResources, method: string, info: RequestInfo): MatchedPath | undefined {
  const { group, version, segments } = info;
  const plugin = table.handlerOf({ group, version });
  const fixed = plugin?.matchFixed(method, segments);
  if (fixed !== undefined || plugin === undefined) return fixed;
  return isStored(stored, info) ? undefined : plugin.matchPattern(method, segments);
}

/** A resource, one of its objects, or a subresource that it has. What else is below an object is free for patterns. */
function isStored(stored: StoredResources, { group, version, resource, subresource }: RequestInfo): boolean {
  if (!stored.hasResource(group, version, resource)) return false;
  return subresource === "" || stored.hasSubresource(group, version, resource, subresource);
}

function answer({ handle, allowed }: MatchedPath, request: HttpRequest): Promise<HttpResponse> {
  if (handle !== undefined) return handle(request);
  throw methodNotAllowed(request.method, [...new Set(allowed)].join(", "));
}

async function delegated(
  request: HttpRequest,
  info: RequestInfo,
  { delegate, written }: { readonly delegate: Handler; readonly written: ReadonlySet<(info: RequestInfo) => Promise<void>> },
): Promise<HttpResponse> {
  const response = await delegate(request);
  const isWrite = !["GET", "HEAD", "OPTIONS"].includes(request.method);
  if (isWrite && response.status < 300) await tellWritten(written, isServiceCreate(info) ? withCreatedName(info, response) : info);
  return response;
}

/** Who obeys it would look at all services if it knew no name. */
const isServiceCreate = ({ group, resource, name, verb }: RequestInfo): boolean =>
  group === aggregationGroup && resource === dataPlaneServices.plural && name === "" && verb === "create";

const withCreatedName = (info: RequestInfo, response: HttpResponse): RequestInfo => ({ ...info, name: createdName(response) ?? "" });

async function tellWritten(written: ReadonlySet<(info: RequestInfo) => Promise<void>>, info: RequestInfo): Promise<void> {
  await Promise.all([...written].map((listener) => listener(info)));
}

/** Which groups there are is not known yet: 404 would be a lie that clients keep. */
function refuseUntilSynced({ path, isResourceRequest, segments }: RequestInfo, stored: StoredResources): void {
  const [, root, group = ""] = path.split("/");
  if (root !== "apis" || group === "") return;
  const known = stored.hasGroup(group) && !(isResourceRequest && isDataPlanePath(segments));
  if (!known) throw unavailable("the routes of the data plane are not known yet");
}

function listen<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
