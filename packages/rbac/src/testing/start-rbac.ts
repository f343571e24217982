import { randomUUID } from "node:crypto";
import {
  addBuiltinResources,
  addSelfReviews,
  createApiServer,
  createRegistry,
  filterChain,
  type ResourceDefinition,
  type ResourceRegistry,
  withFilters,
} from "@dataplane/apiserver";
import { type ApiClient, createApiClient } from "@dataplane/client";
import { controlPlaneUser, type Handler, type JsonObject, silentLogger, systemClock, type UserInfo } from "@dataplane/meta";
import { createMemoryStore } from "@dataplane/storage";
import { clusterRoleAggregationController } from "../aggregation-controller.js";
import { createRbac, type Rbac, rbacResources } from "../rbac-authorizer.js";
import { reconcileDefaults } from "../reconcile-defaults.js";
import { servedRolesController } from "../served-roles-controller.js";

export interface TestRbac extends AsyncDisposable {
  readonly rbac: Rbac;
  readonly registry: ResourceRegistry;
  readonly client: ApiClient;
  /** One request as `user`; what is thrown is answered, as on the wire. */
  call(user: UserInfo, method: string, path: string, body?: object): Promise<TestAnswer>;
  /** Applies objects of rbac.authorization.k8s.io/v1 as a superuser, and waits until they count. */
  have(...objects: readonly JsonObject[]): Promise<void>;
  /** Does the defaults of a start again. */
  restart(): Promise<void>;
  settled(): Promise<void>;
}

export interface TestAnswer {
  readonly status: number;
  readonly json: JsonObject;
}

export const superuser: UserInfo = { name: "root", groups: ["system:masters", "system:authenticated"] };

export const aUser = (name: string, ...groups: readonly string[]): UserInfo => ({ name, groups: [...groups, "system:authenticated"] });

/** An API server whose every request is decided by roles, with the default ones, on a store in memory. */
export async function startRbac(...more: readonly ResourceDefinition[]): Promise<TestRbac> {
  const registry = createRegistry();
  const parts = { clock: systemClock, logger: silentLogger };
  const chain: { complete?: Handler } = {};
  const inProcess: Handler = (request) => (chain.complete ?? notYet)(request);
  const client = createApiClient({ handler: inProcess, user: controlPlaneUser });
  const rbac = createRbac({ client, ...parts });
  addBuiltinResources(registry);
  addSelfReviews(registry, rbac.authorizer);
  for (const definition of [...rbacResources(rbac), ...more]) registry.add(definition);
  const version = { gitVersion: "v1.32.0", major: "1", minor: "32" };
  const server = createApiServer({
    store: createMemoryStore(),
    registry,
    authorizer: rbac.authorizer,
    sources: [],
    newUid: randomUUID,
    version,
    ...parts,
  });
  const authenticator = { authenticate: () => Promise.resolve(undefined) };
  chain.complete = withFilters(filterChain({ authenticator, authorizer: rbac.authorizer, logger: silentLogger, newUid: randomUUID }), server.handler);
  const stop = new AbortController();
  await server.start(stop.signal);
  const call = async (user: UserInfo, method: string, path: string, body?: object): Promise<TestAnswer> =>
    answerOf(inProcess, { user, method, path, body });
  for (const name of ["default", "other", "kube-system"]) await call(superuser, "POST", "/api/v1/namespaces", { metadata: { name } });
  await reconcileDefaults(client);
  const aggregation = clusterRoleAggregationController({ client, clusterRoles: rbac.clusterRoles, ...parts });
  const served = servedRolesController({ client, clusterRoles: rbac.clusterRoles, sources: [registry], ...parts });
  registry.onChange(() => served.changed());
  const running = [rbac.run(stop.signal)];
  await rbac.synced;
  running.push(aggregation.run(stop.signal), served.run(stop.signal));
  const settled = async (): Promise<void> => {
    await systemClock.sleep(20);
    await served.settled();
    await systemClock.sleep(20);
    await aggregation.settled();
    await systemClock.sleep(20);
  };
  await settled();
  return {
    ...{ rbac, registry, client, call, settled },
    restart: () => reconcileDefaults(client),
    async have(...objects) {
      for (const object of objects) {
        const answer = await call(superuser, "POST", collectionOf(object), object);
        if (answer.status !== 201) throw new Error(JSON.stringify(answer.json));
      }
      await settled();
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(running);
    },
  };
}

const notYet: Handler = () => Promise.reject(new Error("the chain is not complete"));

const base = "/apis/rbac.authorization.k8s.io/v1";

function collectionOf(object: JsonObject): string {
  const { kind, metadata } = object;
  const plural = `${typeof kind === "string" ? kind.toLowerCase() : ""}s`;
  const namespace = typeof metadata === "object" && metadata !== null && "namespace" in metadata ? metadata["namespace"] : undefined;
  return typeof namespace === "string" ? `${base}/namespaces/${namespace}/${plural}` : `${base}/${plural}`;
}

interface TestCall {
  readonly user: UserInfo;
  readonly method: string;
  readonly path: string;
  readonly body: object | undefined;
}

async function answerOf(handler: Handler, { user, method, path: target, body }: TestCall): Promise<TestAnswer> {
  const [path = "", query = ""] = target.split("?");
  const isPatch = method === "PATCH";
  const patchType = target.includes("fieldManager=") ? "application/apply-patch+yaml" : "application/merge-patch+json";
  const response = await handler({
    ...{ method, path, query: new URLSearchParams(query) },
    headers: body === undefined ? {} : { "content-type": isPatch ? patchType : "application/json" },
    body: pieces(body === undefined ? [] : [Buffer.from(JSON.stringify(body))]),
    signal: new AbortController().signal,
    remoteAddress: "127.0.0.1",
    context: { user },
  });
  const text = await textOf(response.body);
  return { status: response.status, json: JSON.parse(text) as JsonObject };
}

async function textOf(body: Awaited<ReturnType<Handler>>["body"]): Promise<string> {
  if (body === undefined) return "{}";
  if (typeof body === "string") return body;
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function* pieces(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
  await Promise.resolve();
}
