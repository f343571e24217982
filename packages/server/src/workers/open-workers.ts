import type { Clock, Handler, Logger, RequestInfo } from "@dataplane/meta";
import type { PluginHost } from "@dataplane/plugin-host";
import { createAutoMtlsIdentity, type LinkTarget } from "@dataplane/plugin-protocol";
import type { WorldForWorkers } from "../compose.js";
import type { Config } from "../config/load-config.js";
import { type Listener, serveHttp, serveHttps } from "../listen/listeners.js";
import type { Certificates } from "../tls/certificates.js";
import { controlEndpoint } from "./control-endpoint.js";
import { type ControlSocket, openControlSocket } from "./control-socket.js";
import { addressOf, type ControlIdentity, type WorkerCertificates } from "./messages.js";
import { pluginRecord } from "./plugin-records.js";
import { listenShared } from "./shared-listener.js";
import { storedRecord } from "./stored-record.js";
import { lastingMetrics, sumMetrics } from "./sum-metrics.js";
import { WorkerPool } from "./worker-pool.js";

export interface OpenWorkersOptions {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  /** All that this process serves: what workers pass on, and what clients get while no worker is there. */
  readonly handler: Handler;
  readonly world: WorldForWorkers;
  readonly plugins: PluginHost;
  readonly certificates: Pick<Certificates, "listener" | "clientCa" | "requestHeaderCa">;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

/** The workers of this server, and the ports that they share. */
export interface Workers {
  listenHttp(place: Place): Promise<Listener>;
  listenHttps(place: Place): Promise<Listener>;
  /** Starts them, and resolves when each serves, at the latest after `patienceMs`. */
  start(patienceMs: number): Promise<void>;
  /** See PluginHostOptions. */
  alsoDrained(target: LinkTarget): Promise<void>;
  /** This process' metrics with those of the workers. */
  gatherMetrics(own: string): Promise<string>;
  /** Replaces each by a new one; no request fails. */
  roll(): Promise<void>;
  /** After the listeners. */
  close(): Promise<void>;
}

/** A worker that does not answer holds up a write, or a scrape, no longer than this. */
const obeyMs = 2_000;
const scrapeMs = 1_000;
/** A plugin's own drain timeout ends it before. */
const drainMs = 3_600_000;

export async function openWorkers(options: OpenWorkersOptions): Promise<Workers> {
  const { config, handler, world, plugins, certificates, clock, logger } = options;
  const { key, cert } = createAutoMtlsIdentity(clock.now());
  const identity: ControlIdentity = { key, cert };
  const socket: ControlSocket = await openControlSocket({
    ...{ dataPath: config.dataPath, identity, logger },
    handler: controlEndpoint(identity, handler),
  });
  const shown = (): WorkerCertificates => ({
    listener: certificates.listener.current,
    clientCa: certificates.clientCa.current,
    requestHeaderCa: certificates.requestHeaderCa.current,
  });
  const pool = new WorkerPool({
    size: config.workers,
    // Beside this file when it was compiled, and beside the bundle that this file is in.
    file: new URL("./worker-process.js", import.meta.url).pathname,
    env: options.env,
    start: () => ({
      type: "start",
      ...{ config, identity, socketPath: socket.path, certificates: shown() },
      stored: storedRecord(world.stored, world.remote()),
      plugins: plugins.list().flatMap(({ id }) => pluginRecord(id, plugins, config) ?? []),
    }),
    ...{ clock, logger },
  });
  const metrics = gatheredMetrics(pool);
  const stopTelling = tellOfTheWorld(options, pool, shown);
  const listen = { name: "http", pool } as const;
  return {
    listenHttp: (place) => listenShared({ ...listen, ...place, serving: serveHttp({ handler, logger }) }),
    listenHttps: (place) =>
      listenShared({ ...listen, name: "https", ...place, serving: serveHttps({ handler, logger, credentials: certificates.listener }) }),
    async start(patienceMs) {
      pool.start();
      await pool.settled(patienceMs);
    },
    async alsoDrained(target) {
      await pool.ask({ kind: "drained", address: addressOf(target) }, drainMs);
    },
    gatherMetrics: metrics,
    roll: () => pool.roll(),
    async close() {
      stopTelling();
      await pool.leave();
      await socket.close();
    },
  };
}

/** What lists and watches do not say, as it changes. */
function tellOfTheWorld({ config, world, plugins, certificates }: OpenWorkersOptions, pool: WorkerPool, shown: () => WorkerCertificates): () => void {
  let isStoredTold = true;
  const tellStored = (): void => {
    // Many definitions come in one turn.
    if (!isStoredTold) return;
    isStoredTold = false;
    setImmediate(() => {
      isStoredTold = true;
      pool.tell({ type: "stored", stored: storedRecord(world.stored, world.remote()) });
    });
  };
  world.onChange(tellStored);
  world.onWrite(async (info) => {
    if (isObeyedByWorkers(info)) await pool.ask({ kind: "written", info }, obeyMs);
  });
  const tellCertificates = (): void => pool.tell({ type: "certificates", certificates: shown() });
  const stops = [
    certificates.listener.onChange(tellCertificates),
    certificates.clientCa.onChange(tellCertificates),
    certificates.requestHeaderCa.onChange(tellCertificates),
    plugins.onChange((id) => {
      const plugin = pluginRecord(id, plugins, config);
      pool.tell(plugin === undefined ? { type: "no plugin", id } : { type: "plugin", plugin });
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

const obeyed: ReadonlySet<string> = new Set(["datasources", "appsettings", "dataplaneservices", "appmanifests"]);

/** Writes that the next request of the client must find obeyed, whichever process has it; all others are seen by watches soon enough. */
const isObeyedByWorkers = ({ resource, subresource }: RequestInfo): boolean => subresource === "" && obeyed.has(resource);

function gatheredMetrics(pool: WorkerPool): (own: string) => Promise<string> {
  /** By process: what was seen of it last. */
  const seen = new Map<unknown, string>();
  let ofEnded = "";
  pool.onEnd((child) => {
    ofEnded = sumMetrics([ofEnded, lastingMetrics(seen.get(child) ?? "")]);
    seen.delete(child);
  });
  return async (own) => {
    const answers = await pool.ask({ kind: "metrics" }, scrapeMs);
    for (const [child, text] of answers) seen.set(child, text);
    return sumMetrics([`${own}${ofWorkers(pool)}`, ofEnded, ...seen.values()]);
  };
}

const ofWorkers = ({ ready, restarts }: WorkerPool): string =>
  [
    "# HELP dataplane_workers Worker processes that serve now.",
    "# TYPE dataplane_workers gauge",
    `dataplane_workers ${ready}`,
    "# HELP dataplane_worker_restarts_total Starts of a worker's process after its first one.",
    "# TYPE dataplane_worker_restarts_total counter",
    `dataplane_worker_restarts_total ${restarts}`,
    "",
  ].join("\n");
