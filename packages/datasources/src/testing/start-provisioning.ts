import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Clock, isJsonObject, type Logger, silentLogger, systemClock } from "@dataplane/meta";
import { vi } from "vitest";
import { createProvisioning, type Provisioning } from "../provisioning/provisioning.js";
import { type DataSourceApi, dataPlaneUser, type StartOptions, startDataSources } from "./start-data-sources.js";

export interface Line {
  readonly level: "warn" | "error";
  readonly file: unknown;
  readonly why: unknown;
}

export interface ProvisioningTest extends AsyncDisposable {
  readonly api: DataSourceApi;
  readonly directory: string;
  readonly provisioning: Provisioning;
  /** What was logged. */
  readonly lines: readonly Line[];
  /** Written beside and renamed, as careful programs write; `datasources:` and apiVersion come by themselves. */
  write(file: string, entries: string): Promise<void>;
  /** Another start of the server, which remembers nothing. */
  restarted(): Provisioning;
  /** Of another server of the same store, with files of its own. */
  elsewhere(directory: string): Provisioning;
  run(): void;
  dataSource(uid: string, plugin?: string, namespace?: string): ReturnType<DataSourceApi["send"]>;
  secrets(uid: string): Promise<unknown>;
}

// A tenth of a second is as good as ten.
const hastyClock: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 50, signal) };

/** Provisioning from a folder of its own, into the API server of `startDataSources`. */
export async function startProvisioning({
  env = {},
  clock = hastyClock,
  ...options
}: StartOptions & { readonly env?: NodeJS.ProcessEnv; readonly clock?: Clock } = {}): Promise<ProvisioningTest> {
  const api = await startDataSources(options);
  const root = await mkdtemp(path.join(tmpdir(), "provisioning-"));
  const directory = path.join(root, "datasources");
  await mkdir(directory);
  const lines: Line[] = [];
  const line = (level: Line["level"]) => (fields: object) => void lines.push({ level, file: undefined, why: undefined, ...fields });
  const logger: Logger = { ...silentLogger, warn: line("warn"), error: line("error") };
  const create = (): Provisioning => createProvisioning({ directory, client: api.client, plugins: api.plugins, env, clock, logger });
  const provisioning = create();
  const stop = new AbortController();
  let running = Promise.resolve();
  const target = (uid: string, plugin: string, namespace: string): string =>
    `/apis/${plugin}.datasource.grafana.app/v0alpha1/namespaces/${namespace}/datasources/${uid}`;
  return {
    api,
    directory,
    provisioning,
    lines,
    restarted: create,
    elsewhere: (other) =>
      createProvisioning({ directory: other, client: api.client, plugins: api.plugins, othersHaveFiles: true, env, clock, logger }),
    async write(file, entries) {
      const temporary = path.join(root, "next");
      await writeFile(temporary, entries.startsWith("-") ? `apiVersion: 1\ndatasources:\n${entries}\n` : entries);
      await rename(temporary, path.join(directory, file));
    },
    run() {
      running = provisioning.run(stop.signal);
    },
    dataSource: (uid, plugin = "prometheus", namespace = "default") => api.send("GET", target(uid, plugin, namespace)),
    async secrets(uid) {
      const { json } = await api.send("GET", `${target(uid, "prometheus", "default")}/plugincontext`, { user: dataPlaneUser });
      return isJsonObject(json["instance"]) ? json["instance"]["decryptedSecureJsonData"] : undefined;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      await api[Symbol.asyncDispose]();
      await rm(root, { recursive: true });
    },
  };
}

/** Resolves when `check` does; its last failure is thrown when it does not within 5 s. */
export const eventually = <T>(check: () => Promise<T> | T): Promise<T> => vi.waitFor(check, { timeout: 15_000, interval: 10 });
