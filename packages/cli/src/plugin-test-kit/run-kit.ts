import type { PluginFolder } from "../plugin-folder.js";
import { type Check, type CheckContext, NotServed } from "./check.js";
import { admission, callResource, checkHealth, collectMetrics, conversion, publishStream, subscribeStream } from "./checks/calls.js";
import { canceledCalls, changedSettings, concurrentCalls, emptyMessages, garbage, largeRequest, withoutSettings } from "./checks/endurance.js";
import { autoMtls, handshakeLine, interrupt, processHealth, shutdown, strangers, unknownMethod } from "./checks/process.js";
import { arrowFrames, chunkedFrames, jsonFrames, noQueries, queryRefIds } from "./checks/queries.js";
import { refusesStrangers } from "./checks/stranger.js";
import { channelPackets, subscribedChannel } from "./checks/streams.js";
import { type PluginUnderTest, startPlugin } from "./plugin-under-test.js";
import type { TestInput } from "./test-input.js";

/** What came of one check. */
export interface CheckResult {
  readonly name: string;
  readonly outcome: "ok" | "not ok" | "skip";
  /** What was seen; empty when there is nothing to say. */
  readonly why: string;
}

/** In the order in which they run; the last one ends the process. */
export const checks: readonly Check[] = [
  handshakeLine,
  autoMtls,
  strangers,
  processHealth,
  unknownMethod,
  checkHealth,
  collectMetrics,
  queryRefIds,
  jsonFrames,
  arrowFrames,
  noQueries,
  chunkedFrames,
  callResource,
  subscribeStream,
  publishStream,
  subscribedChannel,
  channelPackets,
  admission,
  conversion,
  withoutSettings,
  emptyMessages,
  garbage,
  concurrentCalls,
  canceledCalls,
  largeRequest,
  changedSettings,
  interrupt,
  shutdown,
];

export interface KitOptions {
  readonly folder: PluginFolder;
  readonly input: TestInput;
  /** Stops between two checks. */
  readonly signal: AbortSignal;
}

/** Checks a plugin rule by rule. A process that a check has ended is started again for the next one; one that does not start ends it all. */
export async function* runKit({ folder, input, signal }: KitOptions): AsyncGenerator<CheckResult> {
  yield await resultOf("does not run without a host", () => refusesStrangers(folder));
  let plugin: PluginUnderTest | undefined;
  try {
    for (const check of checks) {
      signal.throwIfAborted();
      if (plugin?.end() !== undefined) {
        await plugin.release();
        plugin = undefined;
      }
      try {
        plugin ??= await startPlugin({ folder });
      } catch (thrown) {
        yield { name: "starts, and says where it listens", outcome: "not ok", why: messageOf(thrown) };
        return;
      }
      yield await runCheck(check, { plugin, input });
    }
  } finally {
    await plugin?.release();
  }
}

/** A check that ended the process has failed, whatever it says; only the last one is to. */
async function runCheck(check: Check, context: CheckContext): Promise<CheckResult> {
  const result = await resultOf(check.name, () => check.run(context));
  const how = context.plugin.end();
  if (how === undefined || check === shutdown || result.outcome === "not ok") return result;
  return { name: check.name, outcome: "not ok", why: `its process ${how}` };
}

async function resultOf(name: string, work: () => Promise<string | undefined>): Promise<CheckResult> {
  try {
    return { name, outcome: "ok", why: (await work()) ?? "" };
  } catch (thrown) {
    return { name, outcome: thrown instanceof NotServed ? "skip" : "not ok", why: messageOf(thrown) };
  }
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
