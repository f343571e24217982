import { readFileSync } from "node:fs";
import type { ApiClient, ResourceRef } from "@dataplane/client";
import { createController } from "@dataplane/controller";
import { apiServicesRef, externalNamesRef, RemoteServicesError, remoteServices, servicesRef } from "@dataplane/kube-aggregator";
import { ApiError, type ApiObject, type Clock, type JsonObject, type Logger } from "@dataplane/meta";
import { watchFolders } from "@dataplane/plugin-host";
import type { Runnable } from "./lifetime.js";

export interface RemoteServicesFileOptions {
  readonly client: ApiClient;
  readonly file: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const refs: ReadonlyMap<string, ResourceRef> = new Map([
  ["APIService", apiServicesRef],
  ["ExternalName", externalNamesRef],
  ["Service", servicesRef],
]);

const lookMs = 1_000;
const fieldManager = "remote-services-file";

/** Applies the API servers of `[grafana-apiserver] remote_services_file`, again when it changes; what is not in it any more stays. */
export function remoteServicesFile({ client, file, clock, logger }: RemoteServicesFileOptions): Runnable {
  const apply = async (object: ApiObject, signal: AbortSignal): Promise<void> => {
    const { kind, metadata } = object;
    const ref = refs.get(kind);
    if (ref === undefined) return;
    try {
      await client.patch(ref, metadata, "application/apply-patch+yaml", object as ApiObject & JsonObject, { fieldManager, force: true }, signal);
    } catch (thrown) {
      const error = ApiError.from(thrown);
      if (error.code >= 500) throw thrown;
      logger.error({ file, kind, name: metadata.name, error: error.message }, "an entry of remote_services_file is refused");
    }
  };
  const controller = createController({
    name: "remote-services-file",
    clock,
    logger,
    async reconcile(_key, signal) {
      try {
        for (const object of remoteServices(readFileSync(file, "utf8"))) await apply(object, signal);
      } catch (thrown) {
        if (!(thrown instanceof RemoteServicesError || (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT"))) throw thrown;
        logger.error({ file, error: thrown.message }, "remote_services_file cannot be used");
      }
      return undefined;
    },
  });
  return {
    async run(signal) {
      const look = (): Promise<void> => {
        controller.enqueue(file);
        return Promise.resolve();
      };
      await look();
      await Promise.all([controller.run(signal), watchFolders({ paths: () => [file], onSettled: look, periodMs: lookMs, clock }, signal)]);
    },
  };
}
