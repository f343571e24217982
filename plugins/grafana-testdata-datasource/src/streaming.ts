import { BadRequestError, frame, isJsonObject, type JsonObject, readNumber, readString } from "@dataplane/plugin-sdk";
import { channelNames, emptyPacket, isChannel } from "./channels.js";
import type { Scenario } from "./scenario.js";

/** A frame without rows that names the channel on which rows come. */
export const streaming: Scenario = {
  id: "streaming",
  name: "Streaming",
  description: `A channel of rows; channel names it (${channelNames.join(", ")}), or stream.type (random-walk, signal) and stream.speed in milliseconds.`,
  run: ({ query: { json }, settings }) => {
    const path = pathOf(json);
    if (!isChannel(path)) throw new BadRequestError(`there is no channel ${JSON.stringify(path)}`);
    return [frame({ meta: { channel: `ds/${settings.uid}/${path}` }, fields: emptyPacket().fields })];
  },
};

function pathOf(json: JsonObject): string {
  const { stream } = json;
  const speed = isJsonObject(stream) ? readNumber(stream, "speed", 0) : 0;
  if (!isJsonObject(stream) || speed === 0) return readString(json, "channel", "random-2s-stream");
  const type = readString(stream, "type", "random-walk");
  return `${type}/${Math.round(speed)}`;
}
