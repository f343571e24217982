import type { Clock } from "@dataplane/meta";
import { GrpcCode, GrpcError, type GrpcLink, type OpenLink } from "@dataplane/plugin-protocol";
import type { PluginProcess } from "./plugin-process.js";
import { isServing } from "./process-health.js";
import { isRunning, type Standalone } from "./standalone.js";

/** It is said to run by itself, but cannot be reached; the message says where. */
export class NotAttached extends Error {
  override readonly name = "NotAttached";
}

/** The files are written before the plugin listens. */
const patienceMs = 5000;
const retryMs = 100;
const lookMs = 500;

export interface AttachOptions {
  readonly standalone: Standalone;
  readonly link: OpenLink;
  readonly clock: Clock;
}

/**
 * A plugin that runs already, as a process of this host: it is called, but neither started nor ended. A breakpoint stops it for as long
 * as somebody thinks, so silence is not its end; that its process, or the connection, is gone, is. Throws NotAttached.
 */
export async function attachToPlugin({ standalone, link: open, clock }: AttachOptions, signal: AbortSignal): Promise<PluginProcess> {
  const link = await connect(standalone, open, { clock, signal });
  const detached = new AbortController();
  return {
    pid: standalone.pid,
    isAttached: true,
    link,
    target: { address: standalone.address },
    note: `attached to a plugin that runs by itself, on ${addressText(standalone)}, in plaintext`,
    ended: untilGone(standalone, link, { clock, signal: detached.signal }),
    async isServing(callSignal, timeoutMs) {
      try {
        return await isServing(link, callSignal, timeoutMs);
      } catch (error) {
        if (isGone(error)) throw error;
        return true;
      }
    },
    processes: () => [],
    kill: () => undefined,
    stop() {
      detached.abort();
      link.close();
      return Promise.resolve();
    },
  };
}

const addressText = ({ address }: Standalone): string => (address.network === "tcp" ? `${address.host}:${address.port}` : address.path);
const isGone = (error: unknown): boolean => error instanceof GrpcError && error.code === GrpcCode.Unavailable;

interface Waiting {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

async function connect(standalone: Standalone, open: OpenLink, { clock, signal }: Waiting): Promise<GrpcLink> {
  const until = clock.now().getTime() + patienceMs;
  for (;;) {
    try {
      return await open({ address: standalone.address }, 1000);
    } catch (cause) {
      signal.throwIfAborted();
      if (clock.now().getTime() >= until || (standalone.pid !== undefined && !isRunning(standalone.pid))) {
        const source = standalone.from === "file" ? "its standalone.txt says that it runs" : "GF_PLUGIN_GRPC_ADDRESS says that it runs";
        throw new NotAttached(`${source} by itself on ${addressText(standalone)}, but nothing answers there`, { cause });
      }
    }
    await clock.sleep(retryMs, signal);
  }
}

async function untilGone({ pid }: Standalone, link: GrpcLink, { clock, signal }: Waiting): Promise<string> {
  for (;;) {
    try {
      await clock.sleep(lookMs, signal);
      if (pid !== undefined && !isRunning(pid)) return "the plugin that ran by itself has ended";
      await isServing(link, signal, lookMs);
    } catch (error) {
      if (signal.aborted) return "detached";
      if (isGone(error)) return "the connection to the plugin that ran by itself is gone";
    }
  }
}
