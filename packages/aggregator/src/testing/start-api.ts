import { randomUUID } from "node:crypto";
import { type ApiServer, addBuiltinResources, createApiServer, createRegistry, type ResourceRegistry } from "@dataplane/apiserver";
import { silentLogger, systemClock } from "@dataplane/meta";
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
