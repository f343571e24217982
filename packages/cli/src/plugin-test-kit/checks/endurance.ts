import { codecs, DataFrameFormat, GrpcError, type PluginMethodName } from "@dataplane/plugin-protocol";
import { collect, isUnimplemented, settled } from "../answers.js";
import { Broken, type Check, type CheckContext, hold, NotServed } from "../check.js";
import { callMs } from "../plugin-under-test.js";
import { contextOf, contextWithoutSettings } from "../test-input.js";
import { resourceRequest } from "./calls.js";
import { requestOf } from "./queries.js";

/** Throws Broken when the process has ended, or answers no more. */
async function mustLive({ plugin, input }: CheckContext): Promise<void> {
  // Its end may be told a moment after the call's.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const how = plugin.end();
  hold(how === undefined, `its process ${how ?? ""}`);
  await settled(plugin.call("checkHealth", { pluginContext: contextOf(input), headers: {} }));
}

export const withoutSettings: Check = {
  name: "survives calls without settings",
  async run(context) {
    const { plugin, input } = context;
    const pluginContext = contextWithoutSettings(input.json);
    const query = { ...requestOf(input, DataFrameFormat.JSON), pluginContext };
    const outcomes = [
      await settled(plugin.call("checkHealth", { pluginContext, headers: {} })),
      await settled(plugin.call("queryData", query)),
      await settled(collect(plugin.stream("callResource", { ...resourceRequest(input), pluginContext }), 10)),
    ];
    await mustLive(context);
    return [...new Set(outcomes)].join(", ");
  },
};

export const emptyMessages: Check = {
  name: "survives calls whose messages are empty",
  async run(context) {
    const { link } = context.plugin;
    for (const name of ["queryData", "checkHealth", "subscribeStream", "validateAdmission"] as const) {
      await settled(link.unary(codecs[name].path, new Uint8Array(), { signal: new AbortController().signal, timeoutMs: callMs }));
    }
    await mustLive(context);
    return undefined;
  },
};

export const garbage: Check = {
  name: "refuses bytes that are no message",
  async run(context) {
    const bytes = new Uint8Array(64).fill(0xff);
    const names: readonly PluginMethodName[] = ["queryData", "checkHealth"];
    for (const name of names) {
      const outcome = await settled(context.plugin.link.unary(codecs[name].path, bytes, { signal: new AbortController().signal, timeoutMs: callMs }));
      hold(outcome !== "answered", `it answered ${name} on bytes that are none`);
    }
    await mustLive(context);
    return undefined;
  },
};

export const concurrentCalls: Check = {
  name: "answers 32 calls at once, each its own",
  async run(context) {
    const { plugin, input } = context;
    const calls = Array.from({ length: 32 }, async (_, index) => {
      const refId = `N${index}`;
      const own = { ...input, queries: input.queries.slice(0, 1).map((query) => ({ ...query, refId })) };
      const { responses } = await plugin.call("queryData", requestOf(own, DataFrameFormat.JSON));
      hold(Object.keys(responses).join() === refId, `the call that asked for ${refId} got ${Object.keys(responses).join(", ") || "nothing"}`);
    });
    const results = await Promise.allSettled(calls);
    await mustLive(context);
    const failures = results.flatMap((result): readonly unknown[] => (result.status === "rejected" ? [result.reason] : []));
    for (const failure of failures) if (!isUnimplemented(failure)) throw failure;
    if (failures.length > 0) throw new NotServed("QueryData is not served");
    return undefined;
  },
};

export const canceledCalls: Check = {
  name: "survives callers who leave",
  async run(context) {
    const { plugin, input } = context;
    for (const delayMs of [0, 1, 5, 20]) {
      const left = new AbortController();
      const calls = [
        plugin.call("queryData", requestOf(input, DataFrameFormat.JSON), { signal: left.signal }),
        plugin.call("checkHealth", { pluginContext: contextOf(input), headers: {} }, { signal: left.signal }),
        collect(plugin.stream("callResource", resourceRequest(input), { signal: left.signal })),
        collect(plugin.stream("queryChunkedData", requestOf(input, DataFrameFormat.JSON), { signal: left.signal })),
        collect(
          plugin.stream(
            "runStream",
            { pluginContext: contextOf(input), path: "protocol-test/no-such-channel", data: new TextEncoder().encode("{}"), headers: {} },
            { signal: left.signal },
          ),
        ),
      ];
      setTimeout(() => left.abort(), delayMs);
      for (const result of await Promise.allSettled(calls)) {
        if (result.status === "rejected" && !(result.reason instanceof GrpcError)) throw new Broken(String(result.reason));
      }
    }
    await mustLive(context);
    return undefined;
  },
};

export const largeRequest: Check = {
  name: "takes a request of 1 MiB",
  async run(context) {
    const { plugin, input } = context;
    const padded = { ...input, queries: input.queries.map((query) => ({ ...query, padding: "x".repeat(1 << 20) })) };
    const outcome = await settled(plugin.call("queryData", requestOf(padded, DataFrameFormat.JSON)));
    await mustLive(context);
    return outcome;
  },
};

export const changedSettings: Check = {
  name: "answers with settings that were changed",
  async run(context) {
    const { plugin, input } = context;
    for (const updated of [1, 2, 1]) await settled(plugin.call("checkHealth", { pluginContext: contextOf(input, updated), headers: {} }));
    await mustLive(context);
    return undefined;
  },
};
