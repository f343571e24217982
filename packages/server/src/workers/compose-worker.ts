import { randomUUID } from "node:crypto";
import {
  filterChain,
  recoverPanics,
  remoteHeaders,
  requestHeaderAuthenticator,
  unionAuthenticator,
  withFilters,
  x509Authenticator,
} from "@dataplane/apiserver";
import { createTransportClient, httpTransport, type Transport } from "@dataplane/client";
import { createClientset } from "@dataplane/clientset";
import { ApiError, type Clock, controlPlaneUser, dataPlaneUser, type Handler, identityHeaders, type Logger, type UserInfo } from "@dataplane/meta";
import { links } from "@dataplane/plugin-protocol";
import { createRbac } from "@dataplane/rbac";
import { appUrlOf } from "../app-url.js";
import { openDataPlane } from "../data-plane.js";
import type { Lifetime } from "../lifetime.js";
import { askingAuthenticator } from "../parts/asking-authenticator.js";
import type { Leading } from "../servers/leading.js";
import { AttachedPlugins } from "./attached-plugins.js";
import { dividedLimits } from "./divided-limits.js";
import type { Question, WorkerCertificates, WorkerStart } from "./messages.js";
import { passOn } from "./pass-on.js";
import { isServedHere } from "./served-here.js";
import { ToldResources } from "./stored-record.js";
import { openWorkerMetrics } from "./worker-metrics.js";

export interface ComposeWorkerOptions {
  readonly start: WorkerStart;
  /** As they are now. */
  readonly certificates: () => WorkerCertificates;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A data plane whose API server is the control process, behind its socket. */
export interface WorkerComposition {
  readonly handler: Handler;
  readonly plugins: AttachedPlugins;
  /** Resolves when routes, roles and bindings are known. */
  start(lifetime: Lifetime): Promise<void>;
  storedIs(stored: WorkerStart["stored"]): void;
  answer(question: Question): Promise<string>;
}

/** Whatever one process alone may do is the control process'. */
const neverLeading: Leading = { start: () => ({ current: undefined }) };

export function composeWorker({ start, certificates, clock, logger }: ComposeWorkerOptions): WorkerComposition {
  const config = dividedLimits(start.config);
  const { socketPath, identity } = start;
  const plain = httpTransport({ baseUrl: "https://localhost", socketPath, tls: { ca: identity.cert, cert: identity.cert, key: identity.key } });
  const as =
    (user: UserInfo): Transport =>
    (request) =>
      plain({ ...request, headers: { ...request.headers, ...identityHeaders(user) } });
  const client = createTransportClient(as(controlPlaneUser));
  const dataPlaneClient = createTransportClient(as(dataPlaneUser));
  const services = createClientset(dataPlaneClient).dataPlaneServices.informer({ clock, logger });
  const rbac = createRbac({ client, clock, logger });
  const counting = openWorkerMetrics(config);
  const plugins = new AttachedPlugins(start.plugins, {
    link: (target, timeoutMs) => links[config.pluginLink](target, timeoutMs, { maxMessageBytes: config.maxPluginMessage }),
    startWaitMs: config.pluginStartWait,
    ...{ clock, logger },
  });
  const stored = new ToldResources(start.stored);
  const shown = unionAuthenticator([
    requestHeaderAuthenticator({ ...remoteHeaders, ca: () => certificates().requestHeaderCa, allowedNames: config.requestHeaderAllowedNames }),
    x509Authenticator({ ca: () => certificates().clientCa }),
  ]);
  const passedOn = withFilters([recoverPanics(logger)], passOn({ socketPath, identity, certificates: shown }));
  const dataPlane = openDataPlane({
    ...{ config, services, client, dataPlaneClient, stored, clock, logger },
    delegate: passedOn,
    plugins: counting.metered(plugins),
    pluginProblems: () => [],
    authorizer: rbac.authorizer,
    appUrl: appUrlOf(config),
    reloadProvisioning: () => Promise.reject(new ApiError("NotImplemented", "the control process reads provisioning files")),
    probesBackends: false,
    stopping: new AbortController().signal,
    metrics: counting.metrics,
  });
  const { aggregator } = dataPlane;
  const filters = filterChain({
    authenticator: unionAuthenticator([shown, askingAuthenticator({ transport: plain, clock })]),
    authorizer: rbac.authorizer,
    logger,
    newUid: randomUUID,
  });
  const registry = { get: (group: string, version: string, resource: string) => stored.hasResource(group, version, resource) || undefined };
  const served = counting.counted(filters, dataPlane.handler, { registry, aggregator });
  return {
    plugins,
    handler: (request) => (isServedHere(request, { aggregator, plugins }) ? served(request) : passedOn(request)),
    async start(lifetime) {
      lifetime.start("roles and bindings", rbac);
      dataPlane.start(lifetime, neverLeading);
      lifetime.start("DataPlaneServices", services);
      const routed = new Promise<void>((resolve) => {
        const stop = aggregator.onChange(() => {
          if (!aggregator.hasSynced) return;
          stop();
          resolve();
        });
      });
      await Promise.all([rbac.synced, routed]);
    },
    storedIs(record) {
      stored.become(record);
      aggregator.rejudge();
    },
    async answer(question) {
      switch (question.kind) {
        case "metrics":
          return counting.metrics.text();
        case "drained":
          await plugins.drained(question.address);
          return "";
        case "written":
          await aggregator.wrote(question.info);
          return "";
      }
    },
  };
}
