import { randomUUID } from "node:crypto";
import {
  type ApiServer,
  addBuiltinResources,
  createApiServer,
  createRegistry,
  filterChain,
  type ResourceRegistry,
  withFilters,
} from "@dataplane/apiserver";
import type { ResourceRef } from "@dataplane/client";
import { type Handler, type HttpRequest, silentLogger, systemClock } from "@dataplane/meta";
import { createMemoryStore } from "@dataplane/storage";
import { dataPlaneServices } from "../dataplaneservice.js";

export interface TestApi {
  readonly server: ApiServer;
  readonly registry: ResourceRegistry;
}

/** The API server over a store in memory, with DataPlaneServices beside the built-in resources. */
export function createTestApi(): TestApi {
  const registry = createRegistry();
  addBuiltinResources(registry);
  registry.add(dataPlaneServices);
  const version = { gitVersion: "v1.32.0", major: "1", minor: "32" };
  const server = createApiServer({
    store: createMemoryStore(),
    registry,
    sources: [],
    clock: systemClock,
    newUid: randomUUID,
    logger: silentLogger,
    version,
  });
  return { server, registry };
}

export const namespacesRef: ResourceRef = { group: "", version: "v1", resource: "namespaces", namespaced: false };

/** The chain of filters, in which every caller is who it says. */
export function throughFilters(handler: Handler): Handler {
  const authorizer = { authorize: () => ({ allowed: true, reason: "" }) };
  const authenticator = { authenticate: (_: HttpRequest) => Promise.resolve(undefined) };
  return withFilters(filterChain({ authenticator, authorizer, logger: silentLogger, newUid: randomUUID }), handler);
}
