import type { ApiClient } from "@dataplane/client";
import type { Clock, Logger } from "@dataplane/meta";
import type { PluginSource } from "@dataplane/plugin-host";
import { provisionedDataSources } from "./data-source-file.js";
import { FileApplier } from "./file-applier.js";
import { Wake, watchFolder } from "./folder-watch.js";
import type { ProvisionedKind } from "./provisioned-kind.js";
import { folderState, readSettledFolder } from "./settled-folder.js";

export interface ProvisioningOptions {
  /** What the folder's files provision; data sources unless told. */
  readonly kind?: ProvisionedKind;
  /** `<provisioning>/datasources` or the like; its `*.yaml` and `*.yml` are read. A missing folder is an empty one. */
  readonly directory: string;
  readonly client: ApiClient;
  readonly plugins: PluginSource;
  /** Other servers of the store have files of their own: what a file provisioned that was never seen here stays. False unless told. */
  readonly othersHaveFiles?: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keeps what Grafana's provisioning files of one folder say applied: at start, and when the folder changes. */
export interface Provisioning {
  /**
   * Reads the folder, when no one is writing to it any more, and applies the files that changed since they were last applied. A broken file
   * changes nothing, and is told in one line.
   */
  apply(): Promise<void>;
  /** Applies again when the folder changes, and what waits for its plugin when that comes; until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

// Editors write in steps: one look after the last of them.
const settleMs = 250;
const settleTurns = 20;
// For folders that cannot be watched, and for what waits.
const lookMs = 5_000;

export function createProvisioning(options: ProvisioningOptions): Provisioning {
  const { directory, plugins, clock, env, kind = provisionedDataSources } = options;
  const files = new FileApplier({ ...options, kind });
  let state = "";
  let ids: ReadonlyMap<string, string> = new Map();

  const look = async (): Promise<void> => {
    const folder = await readSettledFolder(directory, { kind, env, clock, ids });
    ({ state, ids } = folder);
    await files.apply(folder);
  };
  // One after the other, lest what was read earlier be applied later; one that waits to begin is enough for all who ask meanwhile.
  let last = Promise.resolve();
  let next: Promise<void> | undefined;
  const apply = (): Promise<void> => {
    next ??= last.then(() => {
      next = undefined;
      const looking = look();
      last = looking.catch(() => undefined);
      return looking;
    });
    return next;
  };

  const settled = async (wake: Wake, signal: AbortSignal): Promise<void> => {
    for (let turn = 0; wake.isSet && turn < settleTurns && !signal.aborted; turn += 1) {
      wake.reset();
      await clock.sleep(settleMs, signal).catch(() => undefined);
    }
  };

  return {
    apply,
    async run(signal) {
      const wake = new Wake();
      watchFolder(directory, wake, signal);
      const stop = plugins.onChange(wake.set);
      const isOver = (): boolean => signal.aborted;
      while (!isOver()) {
        await wake.wait(lookMs, clock, signal);
        await settled(wake, signal);
        if (!isOver() && (files.isWaiting || state !== (await folderState(directory)))) await apply();
      }
      stop();
    },
  };
}
