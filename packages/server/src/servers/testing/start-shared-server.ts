import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type HttpResponse, isJsonObject, type JsonObject, silentLogger, systemClock } from "@dataplane/meta";
import type { Plugin } from "@dataplane/plugin-host";
import type { Store } from "@dataplane/storage";
import { type Composition, compose } from "../../compose.js";
import { loadConfig } from "../../config/load-config.js";
import { openTokens } from "../../identity/tokens.js";
import { openUsers } from "../../identity/users.js";
import { Lifetime } from "../../lifetime.js";
import { listenHttps } from "../../listen/listeners.js";
import { openCertificates } from "../../tls/certificates.js";
import { aPluginHost } from "./a-plugin-host.js";

/** A server of several on one store, in this process, with an HTTPS port of its own. */
export interface SharedServer {
  readonly composition: Composition;
  readonly port: number;
  readonly plugins: ReturnType<typeof aPluginHost>;
  ask(method: string, path: string, sent?: { readonly body?: unknown; readonly signal?: AbortSignal }): Promise<HttpResponse>;
  json(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: JsonObject }>;
  /** As at SIGTERM. */
  stop(): Promise<void>;
}

export interface SharedServerOptions {
  readonly store: Store;
  /** The servers of one store have these in common. */
  readonly keys: string;
  readonly plugins?: readonly Plugin[];
  readonly ini?: string;
}

/** Times that tests can wait for. */
const times = { leaseSeconds: 4, renewMs: 300, election: { leaseSeconds: 4, renewDeadlineSeconds: 3, retrySeconds: 0.1 } };

export const temporaryFolder = (): string => mkdtempSync(path.join(tmpdir(), "shared-server-"));

export async function startSharedServer({ store, keys, plugins: list = [], ini = "" }: SharedServerOptions): Promise<SharedServer> {
  const root = temporaryFolder();
  const file = path.join(root, "test.ini");
  writeFileSync(file, ini);
  const config = loadConfig({ root, file, env: {}, overrides: [] });
  const common = { clock: systemClock, logger: silentLogger };
  const plugins = aPluginHost(list);
  const users = await openUsers({ directory: keys, adminUser: "admin", adminPassword: "admin" });
  const tokens = openTokens(keys, () => new Date());
  const certificates = openCertificates({ directory: keys, root, config, ...common });
  const { serving } = certificates;
  const composition = compose({
    ...common,
    config,
    env: {},
    store,
    shared: times,
    plugins,
    users,
    tokens,
    keyDirectory: keys,
    certificates,
    serving,
  });
  const lifetime = new Lifetime(silentLogger);
  await composition.start(lifetime);
  const listener = await listenHttps({ host: "", port: 0, handler: composition.handler, logger: silentLogger, credentials: certificates.listener });
  composition.listensAt?.(listener.port);
  const ask: SharedServer["ask"] = (method, url, { body, signal = new AbortController().signal } = {}) => {
    const [pathname = "", query = ""] = url.split("?");
    const credentials = Buffer.from("admin:admin").toString("base64");
    return composition.handler({
      method,
      path: pathname,
      query: new URLSearchParams(query),
      headers: { authorization: `Basic ${credentials}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      body: pieces(body),
      signal,
      remoteAddress: "127.0.0.1",
      context: {},
    });
  };
  return {
    composition,
    port: listener.port,
    plugins,
    ask,
    async json(method, url, body) {
      const answer = await ask(method, url, { body });
      const text = await textOf(answer);
      const value: unknown = text === "" ? {} : JSON.parse(text);
      return { status: answer.status, body: isJsonObject(value) ? value : {} };
    },
    async stop() {
      composition.stopAccepting();
      await listener.close();
      await composition.leave?.();
      await lifetime.end();
    },
  };
}

// eslint-disable-next-line @typescript-eslint/require-await -- a body is read as it comes; this one is there.
async function* pieces(body: unknown): AsyncGenerator<Uint8Array> {
  if (body !== undefined) yield Buffer.from(JSON.stringify(body));
}

export async function textOf({ body }: HttpResponse): Promise<string> {
  if (body === undefined) return "";
  if (typeof body === "string") return body;
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  const read: Uint8Array[] = [];
  for await (const piece of body) read.push(piece);
  return Buffer.concat(read).toString();
}
