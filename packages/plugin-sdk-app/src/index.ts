export { type ApiClient, createInformer, type Informer, type Lister, type ObjectRef, type ResourceRef } from "@dataplane/client";
export { type LeaderElectionOptions, leaderElection } from "@dataplane/controller";
export { appClient } from "./app-client.js";
export { type AppConfig, appConfigFromEnv } from "./app-config.js";
export type { AlsoWatched, AppContext, AppController, ObjectKey } from "./app-controller.js";
export { type RunControllersOptions, runControllers } from "./run-controllers.js";
export { stderrLogger } from "./stderr-logger.js";
