import { randomUUID } from "node:crypto";
import {
  addBuiltinResources,
  type CheckRules,
  createApiServer,
  createRegistry,
  filterChain,
  type ResourceRegistry,
  type WebhookClient,
  withFilters,
} from "@dataplane/apiserver";
import { fixedRoles } from "@dataplane/apiserver/testing";
import { type ApiClient, createApiClient } from "@dataplane/client";
import { controlPlaneUser, type Handler, type HttpResponse, type JsonObject, silentLogger, systemClock } from "@dataplane/meta";
import { createMemoryStore, type Store } from "@dataplane/storage";
import type { GroupConversion } from "../convert/definition-converter.js";
import { type Apiextensions, createApiextensions } from "../create-apiextensions.js";
import { customResourceDefinitions } from "../definition/definition-resource.js";

export interface Answer {
  readonly status: number;
  readonly headers: HttpResponse["headers"];
  readonly text: string;
  /** Empty when the answer is no JSON. */
  readonly json: JsonObject;
}

export interface Call {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface TestServer extends AsyncDisposable {
  readonly registry: ResourceRegistry;
  readonly client: ApiClient;
  /** `POST /apis/...`, read to its end. */
  call(line: string, call?: Call): Promise<Answer>;
  readonly extensions: Apiextensions;
  /** The events of a watch, as they come. */
  watch(path: string): AsyncIterableIterator<JsonObject>;
}

export interface StartOptions {
  readonly store?: Store;
  readonly webhooks?: WebhookClient;
  readonly groups?: GroupConversion;
  readonly checkRules?: CheckRules;
}

/** An API server with CustomResourceDefinitions, in this process, without a socket. */
export async function startServer(options: StartOptions = {}): Promise<TestServer> {
  const { store = createMemoryStore(), checkRules = () => [], ...sources } = options;
  const common = { clock: systemClock, logger: silentLogger };
  const registry = createRegistry();
  addBuiltinResources(registry);
  registry.add(customResourceDefinitions({ checkRules }));
  const version = { gitVersion: "v1.32.0", major: "1", minor: "32" };
  const server = createApiServer({ ...common, store, registry, sources: [], newUid: randomUUID, version });
  const filters = filterChain({
    authenticator: { authenticate: () => Promise.resolve(undefined) },
    authorizer: fixedRoles(),
    logger: silentLogger,
    newUid: randomUUID,
  });
  const chain: { complete?: Handler } = {};
  const inProcess: Handler = (request) => {
    if (chain.complete === undefined) throw new Error("the chain is not complete");
    return chain.complete(request);
  };
  const client = createApiClient({ handler: inProcess, user: controlPlaneUser });
  const extensions = createApiextensions({ ...common, ...sources, client, registry });
  const handler = withFilters(filters, extensions.obeying(server.handler));
  chain.complete = handler;
  const stop = new AbortController();
  await server.start(stop.signal);
  await extensions.serveStored();
  const running = extensions.run(stop.signal);
  const open = (line: string, call: Call): Promise<HttpResponse> => handler(requestOf(line, call));
  const call = async (line: string, given: Call = {}): Promise<Answer> => answerOf(await open(line, given));
  await call("POST /api/v1/namespaces", { body: { metadata: { name: "default" } } });
  return {
    registry,
    client,
    extensions,
    call,
    watch: (path) => events(() => open(`GET ${path}`, { signal: stop.signal })),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      await store.close();
    },
  };
}

function requestOf(line: string, { body, headers = {}, signal = new AbortController().signal }: Call): Parameters<Handler>[0] {
  const [method = "GET", target = "/"] = line.split(" ");
  const [path = "", query = ""] = target.split("?");
  const bytes = body === undefined ? [] : [new TextEncoder().encode(JSON.stringify(body))];
  return {
    method,
    path,
    query: new URLSearchParams(query),
    headers: {
      ...(body === undefined ? {} : { "content-type": method === "PATCH" ? "application/merge-patch+json" : "application/json" }),
      ...headers,
    },
    body: pieces(bytes),
    signal,
    remoteAddress: "127.0.0.1",
    context: { user: controlPlaneUser },
  };
}

async function answerOf({ status, headers, body }: HttpResponse): Promise<Answer> {
  const chunks: string[] = [];
  for await (const chunk of chunksOf(body)) chunks.push(chunk);
  const text = chunks.join("");
  const isJson = String(headers["content-type"] ?? "").startsWith("application/json");
  return { status, headers, text, json: isJson ? (JSON.parse(text) as JsonObject) : {} };
}

async function* chunksOf(body: HttpResponse["body"]): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  if (body === undefined) return;
  if (typeof body === "string") yield body;
  else if (body instanceof Uint8Array) yield decoder.decode(body);
  else for await (const chunk of body) yield decoder.decode(chunk, { stream: true });
}

async function* events(open: () => Promise<HttpResponse>): AsyncGenerator<JsonObject> {
  let rest = "";
  for await (const chunk of chunksOf((await open()).body)) {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as JsonObject;
  }
}

async function* pieces(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
  await Promise.resolve();
}
