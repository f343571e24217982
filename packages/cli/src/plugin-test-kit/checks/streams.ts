import { DataFrameFormat, StreamStatus } from "@dataplane/plugin-protocol";
import { collect, parseJson, served } from "../answers.js";
import { type Check, hold, NotServed } from "../check.js";
import { checkFrame } from "../frames.js";
import { contextOf, type TestInput } from "../test-input.js";

const packetsWanted = 3;

function channelOf(input: TestInput) {
  if (input.channel === undefined) throw new NotServed("--channel PATH names a channel to try");
  return { pluginContext: contextOf(input), path: input.channel, data: new TextEncoder().encode("{}"), headers: {} };
}

export const subscribedChannel: Check = {
  name: "lets a subscriber in on the channel that was named",
  async run({ plugin, input }) {
    const { status, data } = await served("SubscribeStream", plugin.call("subscribeStream", channelOf(input)));
    hold(status === StreamStatus.OK, `its status is ${Object.entries(StreamStatus).find(([, value]) => value === status)?.[0] ?? status}`);
    if (data.length === 0) return "no initial data";
    parseJson(data, "the initial data");
    return `${data.length} bytes of initial data`;
  },
};

/** Leaves after some packets, as a host does after the last subscriber. */
export const channelPackets: Check = {
  name: "sends packets that a host can read, until it leaves",
  async run({ plugin, input }) {
    const packets = await served("RunStream", collect(plugin.stream("runStream", channelOf(input)), packetsWanted));
    hold(packets.length > 0, "the stream ended without a packet");
    let hasSchema = false;
    for (const [index, { data }] of packets.entries()) {
      const what = `packet ${index}`;
      const text = new TextDecoder().decode(data.subarray(0, 10));
      parseJson(data, what);
      // Anything else is JSON of the plugin's own.
      if (!text.startsWith('{"schema":') && !text.startsWith('{"data":')) continue;
      checkFrame(data, DataFrameFormat.JSON, what);
      hasSchema ||= text.startsWith('{"schema":');
      hold(hasSchema, `${what} has rows whose schema was never sent`);
    }
    return `${packets.length} packets`;
  },
};
