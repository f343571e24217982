import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { type Logger, systemClock } from "@dataplane/meta";
import { StoreLocked } from "@dataplane/storage-sql";
import { banner } from "./banner.js";
import { type Composition, compose } from "./compose.js";
import type { Config } from "./config/load-config.js";
import { kubeconfigPath, writeKubeconfig } from "./identity/kubeconfig.js";
import { openTokens, type Tokens } from "./identity/tokens.js";
import { openUsers } from "./identity/users.js";
import { Lifetime } from "./lifetime.js";
import { type Listener, listenHttp, listenHttps, PortTaken } from "./listen/listeners.js";
import { openStore } from "./open-store.js";
import { openPlugins, pluginsSettled } from "./plugins.js";
import { removeRunState, writeRunState } from "./run-state.js";
import { type Certificates, openCertificates } from "./tls/certificates.js";

export interface RunningServer {
  banner(): string;
  /** Requests in flight finish, within `[server] shutdown_timeout` or until `abandoned` aborts; then plugins and the store are closed. */
  stop(abandoned: AbortSignal): Promise<void>;
}

/** Something a person has to mend before the server can start; the message says what. */
export class CannotStart extends Error {
  override readonly name = "CannotStart";
}

export interface StartOptions {
  readonly config: Config;
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logger: Logger;
}

const day = 86_400_000;
const bannerPatienceMs = 3_000;

/** Order: data folder and its lock, store, API server, bootstrap, informers, listeners; plugins start beside. Throws CannotStart. */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const { config, root, env, logger } = options;
  const clock = systemClock;
  const keys = path.join(config.dataPath, "keys");
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  const plugins = openPlugins({ config, root, env, clock, logger });
  const store = await openStore(config.dataPath).catch(asCannotStart);
  const tokens = openTokens(keys, () => clock.now());
  const users = await openUsers({ directory: keys, adminUser: config.adminUser, adminPassword: config.adminPassword });
  const lifetime = new Lifetime(logger);
  const closing: (() => Promise<void>)[] = [() => lifetime.end(), () => plugins.stop(), () => store.close()];
  try {
    const certificates = openCertificates({ directory: keys, root, config, clock, logger });
    const ca = config.ensureKubectlAccess ? { ca: certificates.serving.current.ca } : {};
    lifetime.start("certificates", certificates);
    const composition = compose({ config, env, store, plugins, users, tokens, keyDirectory: keys, ...ca, clock, logger });
    plugins.start();
    // However this process ends, short of SIGKILL, no plugin stays behind.
    const killPlugins = (): void => plugins.kill();
    process.once("exit", killPlugins);
    closing.push(() => Promise.resolve(void process.off("exit", killPlugins)));
    await composition.start(lifetime);
    const listeners = await openListeners(options, composition, { tokens, certificates }, lifetime);
    return await running(options, { ...listeners, composition, plugins, closing });
  } catch (error) {
    for (const close of closing) await close();
    throw error;
  }
}

function asCannotStart(error: unknown): never {
  if (error instanceof StoreLocked) throw new CannotStart(error.message, { cause: error });
  throw error;
}

interface Listeners {
  readonly http: Listener;
  readonly https: Listener | undefined;
  readonly kubeconfig: string | undefined;
}

interface Credentials {
  readonly tokens: Tokens;
  readonly certificates: Certificates;
}

async function openListeners(
  { config, logger }: StartOptions,
  { handler }: Composition,
  { tokens, certificates }: Credentials,
  lifetime: Lifetime,
): Promise<Listeners> {
  const http = await listenHttp({ host: config.httpAddr, port: config.httpPort, handler, logger }).catch((error: unknown) => {
    if (error instanceof PortTaken)
      throw new CannotStart(`${error.message}: choose another one with [server] http_port (0 takes a free one)`, { cause: error });
    throw error;
  });
  const file = kubeconfigPath(config.dataPath);
  if (!config.ensureKubectlAccess) {
    rmSync(file, { force: true });
    return { http, https: undefined, kubeconfig: undefined };
  }
  const listen = (port: number): Promise<Listener> => listenHttps({ host: config.httpsAddr, port, handler, logger, credentials: certificates.listener });
  const https = await listen(config.httpsPort).catch((error: unknown) => {
    if (!(error instanceof PortTaken)) throw error;
    logger.warn({ port: config.httpsPort }, "[grafana-apiserver] https_port is taken; a free port is used, the kubeconfig names it");
    return listen(0);
  });
  const write = (): Promise<void> =>
    writeKubeconfig({ file, server: `https://127.0.0.1:${https.port}`, ca: certificates.serving.current.ca, tokens });
  await write();
  lifetime.start("kubeconfig", renewal(write, certificates.serving, logger));
  return { http, https, kubeconfig: file };
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
  readonly plugins: ReturnType<typeof openPlugins>;
  readonly closing: readonly (() => Promise<void>)[];
}

async function running({ config, logger }: StartOptions, parts: Parts): Promise<RunningServer> {
  const { http, https, kubeconfig, composition, plugins } = parts;
  const urls = { http: `http://localhost:${http.port}`, https: https === undefined ? undefined : `https://127.0.0.1:${https.port}` };
  writeRunState(config.dataPath, {
    pid: process.pid,
    http: { port: http.port, url: urls.http },
    ...(https === undefined || urls.https === undefined ? {} : { https: { port: https.port, url: urls.https } }),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  });
  await pluginsSettled(plugins, systemClock, bannerPatienceMs);
  return {
    banner: () => banner({ http: urls.http, https: urls.https, kubeconfig, plugins: plugins.list(), port: http.port }),
    async stop(abandoned) {
      composition.stopAccepting();
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
      for (const close of parts.closing) await close();
      removeRunState(config.dataPath);
    },
  };
}
