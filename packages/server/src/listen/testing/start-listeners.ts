import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { addBuiltinResources, createApiServer, createRegistry, filterChain, withFilters } from "@dataplane/apiserver";
import { fixedRoles } from "@dataplane/apiserver/testing";
import { controlPlaneUser, type Handler, silentLogger, systemClock } from "@dataplane/meta";
import { createMemoryStore } from "@dataplane/storage";
import { LiveValue } from "../../tls/live.js";
import { openServingCertificate } from "../../tls/serving-certificate.js";
import { listenHttp, listenHttps } from "../listeners.js";

export interface TestListeners extends AsyncDisposable {
  readonly http: number;
  readonly https: number;
  readonly ca: string;
  /** Names and values of the headers of the last request, as they reached the handler. */
  lastHeaders(): readonly string[];
}

/** An API server behind both listeners; who asks may do anything. */
export async function startListeners(): Promise<TestListeners> {
  const common = { logger: silentLogger, newUid: randomUUID };
  const store = createMemoryStore();
  const registry = createRegistry();
  addBuiltinResources(registry);
  const version = { gitVersion: "v1.32.0", major: "1", minor: "32" };
  const server = createApiServer({ ...common, store, registry, sources: [], clock: systemClock, version });
  const authenticator = { authenticate: () => Promise.resolve({ user: controlPlaneUser, credentialHeaders: [] }) };
  let last: readonly string[] = [];
  const served: Handler = withFilters(filterChain({ ...common, authenticator, authorizer: fixedRoles() }), server.handler);
  const handler: Handler = (request) => {
    last = request.rawHeaders ?? [];
    return served(request);
  };
  const stop = new AbortController();
  await server.start(stop.signal);
  const folder = mkdtempSync(path.join(tmpdir(), "abuse-"));
  const certificate = openServingCertificate(folder, new Date());
  const options = { host: "127.0.0.1", port: 0, handler, logger: silentLogger, headersTimeoutMs: 1_000 };
  const plain = await listenHttp(options);
  const credentials = new LiveValue({ ...certificate, clientAuthorities: certificate.ca });
  const secure = await listenHttps({ ...options, credentials });
  return {
    http: plain.port,
    https: secure.port,
    ca: certificate.ca,
    lastHeaders: () => last,
    async [Symbol.asyncDispose]() {
      for (const listener of [plain, secure]) {
        listener.destroy();
        await listener.close();
      }
      stop.abort();
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
