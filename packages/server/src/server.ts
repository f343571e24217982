import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { type Logger, systemClock } from "@dataplane/meta";
import type { PluginSource } from "@dataplane/plugin-host";
import type { LinkTarget } from "@dataplane/plugin-protocol";
import { banner } from "./banner.js";
import { CannotStart } from "./cannot-start.js";
import type { Composition } from "./compose.js";
import type { Config } from "./config/load-config.js";
import { kubeconfigPath, writeKubeconfig } from "./identity/kubeconfig.js";
import { type OpenedStorage, openStorage } from "./keys/open-storage.js";
import { Lifetime } from "./lifetime.js";
import { type Listener, listenHttp, listenHttps, PortTaken } from "./listen/listeners.js";
import { type OpenedTarget, openTarget } from "./open-target.js";
import { filesAreThere, requirePossible, withFilesOfApiServer } from "./parts/part-of.js";
import { pluginsSettled } from "./plugins.js";
import { removeRunState, writeRunState } from "./run-state.js";
import { type Certificates, openCertificates } from "./tls/certificates.js";
import type { Workers } from "./workers/open-workers.js";

export interface RunningServer {
  banner(): string;
  /** Requests in flight finish, within `[server] shutdown_timeout` or until `abandoned` aborts; then plugins and the store are closed. */
  stop(abandoned: AbortSignal): Promise<void>;
  /** Replaces each worker by a new one, without a request that fails; absent where there are none. */
  readonly roll?: () => Promise<void>;
}

export interface StartOptions {
  readonly config: Config;
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logger: Logger;
}

const day = 86_400_000;
const kubeconfigRetryMs = 1_000;
const bannerPatienceMs = 3_000;

/**
 * Order: data folder and its lock, store, API server, bootstrap, informers, listeners; plugins start beside. Throws CannotStart, and
 * ConfigError for what is impossible.
 */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const { root, logger } = options;
  requirePossible(options.config);
  const config = withFilesOfApiServer(options.config, root);
  const clock = systemClock;
  const keys = path.join(config.dataPath, "keys");
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  const lifetime = new Lifetime(logger);
  const closing: (() => Promise<void>)[] = [() => lifetime.end()];
  let storage: OpenedStorage | undefined;
  const late: { workers?: Workers } = {};
  try {
    await filesAreThere(config, root, { clock, logger });
    // Before anything reads the key folder: it may have keys that other servers have too.
    storage = config.target === "aggregator" ? undefined : await openStorage({ config, root, clock, logger });
    const certificates = openCertificates({ directory: keys, root, config, clock, logger });
    const target = await openTarget({ ...options, config, certificates, storage, clock, closing, ...(config.workers === 0 ? {} : forWorkers(late)) });
    closing.push(() => storage?.close() ?? Promise.resolve());
    lifetime.start("certificates", certificates);
    if (storage !== undefined) lifetime.start("keys of the store", storage);
    target.startPlugins();
    await target.composition.start(lifetime);
    const workers = await openWorkersOf({ ...options, config }, target, certificates);
    if (workers !== undefined) {
      late.workers = workers;
      closing.unshift(() => workers.close());
    }
    const listeners = await openListeners({ ...options, config }, target, { certificates, lifetime, workers });
    if (target.credentials !== undefined && listeners.https !== undefined) {
      target.credentials.listensAt(`https://127.0.0.1:${listeners.https.port}`);
      lifetime.start("credentials of apps", target.credentials);
    }
    if (listeners.https !== undefined) target.composition.listensAt?.(listeners.https.port);
    await workers?.start(bannerPatienceMs);
    return await running(options, { ...listeners, composition: target.composition, plugins: target.plugins, closing, workers });
  } catch (error) {
    for (const close of closing) await close();
    await storage?.close();
    throw error;
  }
}

/** What is asked of workers by those who are there before them. */
const forWorkers = (late: { readonly workers?: Workers }) => ({
  alsoDrained: async (target: LinkTarget) => late.workers?.alsoDrained(target),
  gatherMetrics: async (own: string) => late.workers?.gatherMetrics(own) ?? own,
});

/** Loaded for those who ask for workers. */
async function openWorkersOf(
  { config, env, logger }: StartOptions,
  { composition: { handler, forWorkers: world }, host }: OpenedTarget,
  certificates: Certificates,
): Promise<Workers | undefined> {
  if (config.workers === 0 || world === undefined || host === undefined) return undefined;
  const { openWorkers } = await import("./workers/open-workers.js");
  return openWorkers({ config, env, handler, world, plugins: host, certificates, clock: systemClock, logger });
}

interface Around {
  readonly certificates: Certificates;
  readonly lifetime: Lifetime;
  readonly workers: Workers | undefined;
}

interface Listeners {
  readonly http: Listener;
  readonly https: Listener | undefined;
  readonly kubeconfig: string | undefined;
}

async function openListeners(
  { config, logger }: StartOptions,
  { composition: { handler }, tokens }: OpenedTarget,
  { certificates, lifetime, workers }: Around,
): Promise<Listeners> {
  const httpPlace = { host: config.httpAddr, port: config.httpPort };
  const http = await (workers?.listenHttp(httpPlace) ?? listenHttp({ ...httpPlace, handler, logger })).catch((error: unknown) => {
    if (error instanceof PortTaken)
      throw new CannotStart(`${error.message}: choose another one with [server] http_port (0 takes a free one)`, { cause: error });
    throw error;
  });
  const file = kubeconfigPath(config.dataPath);
  if (!config.ensureKubectlAccess) {
    rmSync(file, { force: true });
    return { http, https: undefined, kubeconfig: undefined };
  }
  const listen = (port: number): Promise<Listener> => {
    const place = { host: config.httpsAddr, port };
    return workers?.listenHttps(place) ?? listenHttps({ ...place, handler, logger, credentials: certificates.listener });
  };
  const https = await listen(config.httpsPort).catch((error: unknown) => {
    if (!(error instanceof PortTaken)) throw error;
    logger.warn({ port: config.httpsPort }, "[grafana-apiserver] https_port is taken; a free port is used, the kubeconfig names it");
    return listen(0);
  });
  const write = (): Promise<void> =>
    writeKubeconfig({ file, server: `https://127.0.0.1:${https.port}`, ca: certificates.serving.current.ca, tokens });
  // The aggregator's token is the API server's, who may be away.
  if (config.target === "aggregator") lifetime.start("first kubeconfig", { run: (signal) => untilWritten(write, signal) });
  else await write();
  lifetime.start("kubeconfig", renewal(write, certificates.serving, logger));
  return { http, https, kubeconfig: file };
}

async function untilWritten(write: () => Promise<void>, signal: AbortSignal): Promise<void> {
  const isOver = (): boolean => signal.aborted;
  const isWritten = (): Promise<boolean> =>
    write().then(
      () => true,
      () => false,
    );
  while (!isOver() && !(await isWritten())) await systemClock.sleep(kubeconfigRetryMs, signal).catch(() => undefined);
}

/** Daily, so that the token in place never comes near its end; and when there is another CA to trust. */
const renewal = (write: () => Promise<void>, serving: Certificates["serving"], logger: Logger) => ({
  async run(signal: AbortSignal): Promise<void> {
    const stop = serving.onChange(() => {
      write().catch((error: unknown) => logger.error({ err: error }, "the kubeconfig could not be written"));
    });
    signal.addEventListener("abort", stop, { once: true });
    const nextDay = (): Promise<boolean> =>
      systemClock.sleep(day, signal).then(
        () => true,
        () => false,
      );
    while (await nextDay()) await write();
  },
});

interface Parts extends Listeners {
  readonly composition: Composition;
  readonly plugins: PluginSource;
  readonly closing: readonly (() => Promise<void>)[];
  readonly workers: Workers | undefined;
}

async function running({ config, logger }: StartOptions, parts: Parts): Promise<RunningServer> {
  const { http, https, kubeconfig, composition, plugins, workers } = parts;
  const urls = { http: `http://localhost:${http.port}`, https: https === undefined ? undefined : `https://127.0.0.1:${https.port}` };
  writeRunState(config.dataPath, {
    pid: process.pid,
    http: { port: http.port, url: urls.http },
    ...(https === undefined || urls.https === undefined ? {} : { https: { port: https.port, url: urls.https } }),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  });
  await pluginsSettled(plugins, systemClock, bannerPatienceMs);
  return {
    ...(workers === undefined ? {} : { roll: () => workers.roll() }),
    banner: () => banner({ http: urls.http, https: urls.https, kubeconfig, plugins: plugins.list(), port: http.port }),
    async stop(abandoned) {
      composition.stopAccepting();
      for (const listener of [http, https]) listener?.drain();
      if (config.shutdownDelay > 0) await systemClock.sleep(config.shutdownDelay, abandoned).catch(() => undefined);
      const listeners = [http, ...(https === undefined ? [] : [https])];
      const destroy = (): void => {
        for (const listener of listeners) listener.destroy();
      };
      abandoned.addEventListener("abort", destroy, { once: true });
      const late = setTimeout(() => {
        logger.warn({}, "requests are still in flight after [server] shutdown_timeout; they are cut");
        destroy();
      }, config.shutdownTimeout);
      await Promise.all(listeners.map((listener) => listener.close()));
      clearTimeout(late);
      await composition.leave?.();
      for (const close of parts.closing) await close();
      removeRunState(config.dataPath);
    },
  };
}
