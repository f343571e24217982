import { randomUUID } from "node:crypto";
import { createApiextensions, customResourceDefinitions } from "@dataplane/apiextensions";
import { addBuiltinResources, addSelfReviews, checkRules, createApiServer, createRegistry, filterChain, withFilters } from "@dataplane/apiserver";
import { fixedRoles } from "@dataplane/apiserver/testing";
import { createApiClient } from "@dataplane/client";
import { controlPlaneUser, type Handler, type HttpBody, type Logger, silentLogger, systemClock } from "@dataplane/meta";
import { rbacResources } from "@dataplane/rbac";
import { createMemoryStore } from "@dataplane/storage";
import type { FuzzRequest } from "./fuzz-request.js";

export interface FuzzAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  /** Of a failure that is the server's own fault. */
  readonly problem?: string;
}

export interface FuzzServer extends AsyncDisposable {
  call(request: FuzzRequest): Promise<FuzzAnswer>;
}

/** The API server with its own kinds, roles and definitions, in this process, on a store in memory. */
export async function startFuzzServer(): Promise<FuzzServer> {
  const seen: { problem?: string } = {};
  const noted = (problem: string): void => {
    seen.problem = problem;
  };
  const logger: Logger = { ...silentLogger, error: (fields: unknown, message?: string) => noted(problemOf(fields, message)) };
  const common = { clock: systemClock, logger };
  const store = createMemoryStore();
  const registry = createRegistry();
  addBuiltinResources(registry);
  addSelfReviews(registry, fixedRoles());
  registry.add(customResourceDefinitions({ checkRules }));
  const resolver = { rulesFor: () => [], rulesOfRole: () => [] };
  for (const resource of rbacResources({ authorizer: fixedRoles(), resolver })) registry.add(resource);
  const version = { gitVersion: "v1.32.0", major: "1", minor: "32" };
  const server = createApiServer({ ...common, store, registry, sources: [], newUid: randomUUID, version });
  const filters = filterChain({
    ...{ authenticator: { authenticate: () => Promise.resolve(undefined) }, authorizer: fixedRoles(), logger },
    newUid: randomUUID,
  });
  const chain: { complete?: Handler } = {};
  const inProcess: Handler = (request) => {
    if (chain.complete === undefined) throw new Error("the chain is not complete");
    return chain.complete(request);
  };
  const client = createApiClient({ handler: inProcess, user: controlPlaneUser });
  const extensions = createApiextensions({ ...common, client, registry });
  const handler = withFilters(filters, extensions.obeying(server.handler));
  chain.complete = handler;
  const stop = new AbortController();
  await server.start(stop.signal);
  await extensions.serveStored();
  const running = extensions.run(stop.signal);
  return {
    async call(request) {
      delete seen.problem;
      const aborter = new AbortController();
      const { status, headers, body } = await handler(rawRequest(request, aborter.signal));
      // A watch goes on until its client leaves.
      if (isStream(body)) aborter.abort();
      const text = await textOf(body);
      return { status, type: String(headers["content-type"] ?? ""), text, ...seen };
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      await store.close();
    },
  };
}

function problemOf(fields: unknown, message = ""): string {
  const error: unknown = typeof fields === "object" && fields !== null && "err" in fields ? fields.err : fields;
  return `${message}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

function rawRequest({ method, target, headers, body }: FuzzRequest, signal: AbortSignal): Parameters<Handler>[0] {
  const [path = "", query = ""] = target.split("?");
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return {
    method,
    path,
    query: new URLSearchParams(query),
    headers,
    body: pieces(bytes),
    signal,
    remoteAddress: "127.0.0.1",
    context: { user: controlPlaneUser },
  };
}

async function* pieces(bytes: Uint8Array | undefined): AsyncGenerator<Uint8Array> {
  if (bytes !== undefined && bytes.byteLength > 0) yield bytes;
  await Promise.resolve();
}

const isStream = (body: HttpBody | undefined): body is AsyncIterable<Uint8Array> => typeof body === "object" && Symbol.asyncIterator in body;

async function textOf(body: HttpBody | undefined): Promise<string> {
  if (body === undefined) return "";
  if (typeof body === "string") return body;
  if (body instanceof Uint8Array) return Buffer.from(body).toString("utf8");
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
