import { randomUUID } from "node:crypto";
import { type ApiObject, controlPlaneUser, type Handler, type HttpResponse, silentLogger, systemClock, type UserInfo } from "@dataplane/meta";
import { createMemoryStore, type Store } from "@dataplane/storage";
import type { AdmissionHook } from "../admission/admission-hook.js";
import type { ApiSource } from "../api-source.js";
import { addBuiltinResources } from "../builtin/builtin-resources.js";
import { addSelfReviews } from "../builtin/self-reviews.js";
import { filterChain } from "../chain/chain.js";
import { withFilters } from "../chain/filter.js";
import { createRegistry, type ResourceRegistry } from "../registry.js";
import { createApiServer } from "../server.js";
import { fixedRoles } from "./fixed-roles.js";

/** One answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: HttpResponse["headers"];
  readonly text: string;
  readonly json: Record<string, unknown> & { readonly metadata?: Record<string, unknown>; readonly items?: readonly ApiObject[] };
}

export interface Call {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly user?: UserInfo;
  readonly signal?: AbortSignal;
}

export interface TestServer extends AsyncDisposable {
  readonly handler: Handler;
  readonly store: Store;
  readonly registry: ResourceRegistry;
  /** Sends a request with all filters before the server; the path may hold a query. */
  call(path: string, call?: Call): Promise<Answer>;
  /** The same, without reading the answer. */
  open(path: string, call?: Call): Promise<HttpResponse>;
}

/** A server with the built-in kinds and more, on a store in memory, with the namespace `default`. */
export async function startApiServer(
  register: (registry: ResourceRegistry) => void = () => undefined,
  store: Store = createMemoryStore(),
  sources: readonly ApiSource[] = [],
  admission: readonly AdmissionHook[] = [],
): Promise<TestServer> {
  const registry = createRegistry();
  addBuiltinResources(registry);
  addSelfReviews(registry, fixedRoles());
  register(registry);
  const version = { gitVersion: "v1.32.0", major: "1", minor: "32" };
  const parts = { clock: systemClock, newUid: randomUUID, logger: silentLogger, version };
  const server = createApiServer({ store, registry, sources, admission, ...parts });
  const authenticator = { authenticate: () => Promise.resolve(undefined) };
  const filters = filterChain({ authenticator, authorizer: fixedRoles(), logger: silentLogger, newUid: randomUUID });
  const handler = withFilters(filters, server.handler);
  const stop = new AbortController();
  await server.start(stop.signal);
  const open = (path: string, call: Call = {}): Promise<HttpResponse> => handler(requestOf(path, call));
  const call = async (path: string, options?: Call): Promise<Answer> => answerOf(await open(path, options));
  await call("/api/v1/namespaces", { method: "POST", body: { metadata: { name: "default" } } });
  return {
    handler,
    store,
    registry,
    call,
    open,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await store.close();
    },
  };
}

function requestOf(target: string, { method = "GET", body, headers = {}, user = controlPlaneUser, signal }: Call): Parameters<Handler>[0] {
  const [path = "", query = ""] = target.split("?");
  const bytes = body === undefined ? [] : [new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body))];
  return {
    method,
    path,
    query: new URLSearchParams(query),
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    body: pieces(bytes),
    signal: signal ?? new AbortController().signal,
    remoteAddress: "127.0.0.1",
    context: { user },
  };
}

async function answerOf({ status, headers, body }: HttpResponse): Promise<Answer> {
  const text = await textOfBody(body);
  const isJson = String(headers["content-type"] ?? "").startsWith("application/json") && !text.startsWith('{"type":');
  return { status, headers, text, json: isJson ? (JSON.parse(text) as Answer["json"]) : {} };
}

async function textOfBody(body: HttpResponse["body"]): Promise<string> {
  if (body === undefined) return "";
  if (typeof body === "string") return body;
  if (body instanceof Uint8Array) return new TextDecoder().decode(body);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

async function* pieces(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
  await Promise.resolve();
}
