import { randomUUID } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { addBuiltinResources, createApiServer, createRegistry, filterChain, type ResourceRegistry, withFilters } from "@dataplane/apiserver";
import { fixedRoles } from "@dataplane/apiserver/testing";
import { type ApiClient, createApiClient, createInformer, type ResourceRef } from "@dataplane/client";
import {
  type ApiObject,
  type Clock,
  controlPlaneUser,
  dataPlaneUser,
  type Handler,
  type HttpResponse,
  type JsonObject,
  silentLogger,
  systemClock,
  type UserInfo,
} from "@dataplane/meta";
import { createMemoryStore, type Store } from "@dataplane/storage";
import { appSettingsDefinition } from "../app-settings.js";
import { dataSourceGroups } from "../data-source-groups.js";
import { openSealer } from "../sealer.js";
import { type KnownPlugins, knownPlugins } from "./known-plugins.js";

/** One answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The body as an object; `{}` when it is none. */
  readonly json: ApiObject & { readonly items: readonly ApiObject[] };
}

export interface Sent {
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  readonly user?: UserInfo;
}

export interface DataSourceApi extends AsyncDisposable {
  readonly registry: ResourceRegistry;
  readonly store: Store;
  readonly plugins: KnownPlugins;
  readonly client: ApiClient;
  /** Sends one request through all filters, as the control plane unless told. */
  send(method: string, target: string, sent?: Sent): Promise<Answer>;
  open(method: string, target: string, sent: Sent, signal: AbortSignal): Promise<HttpResponse>;
  /** Resolves when the group and version has data sources, or has none any more. */
  until(groupVersion: string, isServed: boolean): Promise<void>;
}

export interface StartOptions {
  readonly plugins?: readonly string[];
  readonly clock?: Clock;
  readonly before?: (registry: ResourceRegistry) => void;
}

/** Stands for the aggregator's kind, which is a level of its own: the groups read what it says and nothing else. */
const dataPlaneServicesRef: ResourceRef = { group: "aggregation.grafana.app", version: "v0alpha1", resource: "dataplaneservices", namespaced: false };

/** The API server over a store in memory, with the data sources of these plugins, whose ids are enough. */
export async function startDataSources(options: StartOptions = {}): Promise<DataSourceApi> {
  const { clock = systemClock } = options;
  const plugins = knownPlugins(options.plugins ?? ["prometheus", "loki"]);
  const registry = createRegistry();
  addBuiltinResources(registry);
  registry.add({
    ...{ group: dataPlaneServicesRef.group, version: dataPlaneServicesRef.version, kind: "DataPlaneService", plural: "dataplaneservices" },
    scope: "cluster",
    schema: { type: "object", properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } } },
  });
  options.before?.(registry);
  const store = createMemoryStore();
  const version = { gitVersion: "v1.32.0", major: "1", minor: "32" };
  const server = createApiServer({ store, registry, sources: [], clock, newUid: randomUUID, logger: silentLogger, version });
  const authenticator = { authenticate: () => Promise.resolve(undefined) };
  const handler = withFilters(filterChain({ authenticator, authorizer: fixedRoles(), logger: silentLogger, newUid: randomUUID }), server.handler);
  const client = createApiClient({ handler, user: controlPlaneUser });
  const services = createInformer<ApiObject>({ client, resource: dataPlaneServicesRef, clock: systemClock, logger: silentLogger });
  const sealer = openSealer({ keyDirectory: mkdtempSync(path.join(tmpdir(), "keys-")) });
  registry.add(appSettingsDefinition({ sealer }));
  const groups = dataSourceGroups({ registry, plugins, services, sealer, clock: systemClock, logger: silentLogger });
  const stop = new AbortController();
  await server.start(stop.signal);
  await client.create({ group: "", version: "v1", resource: "namespaces", namespaced: false }, namespaceNamed("default"));
  groups.sync();
  const running = [services.run(stop.signal), groups.run(stop.signal)];
  const open = (method: string, target: string, sent: Sent, signal: AbortSignal): Promise<HttpResponse> =>
    handler(requestOf({ method, target, sent, signal }));
  return {
    registry,
    store,
    plugins,
    client,
    open,
    send: async (method, target, sent = {}) => read(await open(method, target, sent, new AbortController().signal)),
    until: (groupVersion, isServed) => served(registry, groupVersion, isServed),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(running);
      await store.close();
    },
  };
}

export const admin: UserInfo = { name: "admin", groups: ["system:masters", "system:authenticated"] };
export { dataPlaneUser };

export const namespaceNamed = (name: string): ApiObject => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });

/** A DataPlaneService that binds a plugin to `<group>/<version>`. */
export const serviceFor = (plugin: string, groupVersion: string, name = groupVersion.replace("/", ".")): JsonObject => {
  const [group = "", version = ""] = groupVersion.split("/");
  return { metadata: { name }, spec: { pluginID: plugin, pluginType: "datasource", group, version, services: [{ type: "query" }] } };
};

export const servicesPath = "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices";

interface Raw {
  readonly method: string;
  readonly target: string;
  readonly sent: Sent;
  readonly signal: AbortSignal;
}

function requestOf({ method, target, sent, signal }: Raw): Parameters<Handler>[0] {
  const [path = "", query = ""] = target.split("?", 2);
  const { body, contentType = "application/json", accept, user = controlPlaneUser } = sent;
  const bytes = body === undefined ? [] : [new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body))];
  return {
    method,
    path,
    query: new URLSearchParams(query),
    headers: { ...(bytes.length === 0 ? {} : { "content-type": contentType }), ...(accept === undefined ? {} : { accept }) },
    body: pieces(bytes),
    signal,
    remoteAddress: "127.0.0.1",
    context: { user },
  };
}

async function* pieces(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
  await Promise.resolve();
}

async function read({ status, body }: HttpResponse): Promise<Answer> {
  const text = await textOf(body);
  return { status, text, json: (text.startsWith("{") ? JSON.parse(text) : {}) as Answer["json"] };
}

async function textOf(body: HttpResponse["body"]): Promise<string> {
  if (body === undefined || typeof body === "string") return body ?? "";
  if (body instanceof Uint8Array) return new TextDecoder().decode(body);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function served(registry: ResourceRegistry, groupVersion: string, isServed: boolean): Promise<void> {
  const [group = "", version = ""] = groupVersion.split("/");
  const isSo = (): boolean => (registry.get(group, version, "connections") !== undefined) === isServed;
  return new Promise((resolve) => {
    const stop = registry.onChange(() => check());
    const check = (): void => {
      if (!isSo()) return;
      stop();
      resolve();
    };
    check();
  });
}
