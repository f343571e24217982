import { isJsonObject } from "@dataplane/meta";
import { type CallResourceRequest, HealthStatus, type StreamRequest, StreamStatus, type SubscribeStreamResponse } from "@dataplane/plugin-protocol";
import { collect, parseJson, served, settled } from "../answers.js";
import { type Check, hold, NotServed } from "../check.js";
import { contextOf, type TestInput } from "../test-input.js";

export const checkHealth: Check = {
  name: "says whether it is healthy",
  async run({ plugin, input }) {
    const answer = await served("CheckHealth", plugin.call("checkHealth", { pluginContext: contextOf(input), headers: {} }));
    const name = Object.entries(HealthStatus).find(([, value]) => value === answer.status)?.[0];
    hold(name !== undefined, `its status is ${answer.status}`);
    if (answer.jsonDetails.length > 0) parseJson(answer.jsonDetails, "jsonDetails");
    return `${name}${answer.message === "" ? "" : `: ${answer.message.slice(0, 200)}`}`;
  },
};

export const collectMetrics: Check = {
  name: "gives its metrics in Prometheus' text format",
  async run({ plugin, input }) {
    const { metrics } = await served("CollectMetrics", plugin.call("collectMetrics", { pluginContext: contextOf(input) }));
    const text = new TextDecoder().decode(metrics?.prometheus);
    if (text === "") throw new NotServed("there are none");
    const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    const wrong = lines.find((line) => !isSample(line));
    hold(wrong === undefined, `no sample: ${wrong ?? ""}`);
    return `${lines.length} samples`;
  },
};

/** `name{labels} value`: a name first, a number last. */
function isSample(line: string): boolean {
  const value = line.slice(line.lastIndexOf(" ") + 1);
  return /^[A-Za-z_:][\w:]*[ {]/.test(line) && (/^[+-]?Inf$|^NaN$/.test(value) || !Number.isNaN(Number(value)));
}

export function resourceRequest(input: TestInput): CallResourceRequest {
  const path = input.resource;
  const headers = { Accept: { values: ["application/json"] }, "X-Two": { values: ["1", "2"] } };
  return { pluginContext: contextOf(input), path, url: `${path}?a=1`, method: "GET", headers, body: new Uint8Array() };
}

export const callResource: Check = {
  name: "answers resource calls, the status in the first message",
  async run({ plugin, input }) {
    const messages = await served("CallResource", collect(plugin.stream("callResource", resourceRequest(input)), 100));
    const [first] = messages;
    hold(first !== undefined, "the stream ended without a message");
    hold(first.code >= 100 && first.code <= 599, `the first message's status is ${first.code}`);
    for (const [name, { values }] of Object.entries(first.headers)) {
      hold(/^[!#$%&'*+.^`|~\w-]+$/.test(name), `header name ${JSON.stringify(name)} cannot be sent`);
      hold(
        values.every((value) => !/[\r\n\0]/.test(value)),
        `the value of header ${name} cannot be sent`,
      );
    }
    return `status ${first.code} in ${messages.length} messages`;
  },
};

const unlikelyPath = "protocol-test/no-such-channel";

export const subscribeStream: Check = {
  name: "answers who subscribes to a channel that is not there",
  async run({ plugin, input }) {
    return streamAnswer("SubscribeStream", plugin.call("subscribeStream", unlikelyChannel(input)));
  },
};

export const publishStream: Check = {
  name: "answers who publishes on a channel that is not there",
  async run({ plugin, input }) {
    return streamAnswer("PublishStream", plugin.call("publishStream", unlikelyChannel(input)));
  },
};

const unlikelyChannel = (input: TestInput): StreamRequest => ({
  pluginContext: contextOf(input),
  path: unlikelyPath,
  data: new TextEncoder().encode("{}"),
  headers: {},
});

/** A failed call is a refusal too: hosts take it for PERMISSION_DENIED. */
async function streamAnswer(what: string, answer: Promise<SubscribeStreamResponse>): Promise<string> {
  const outcome = await settled(served(what, answer));
  if (outcome !== "answered") return `${outcome} by a failed call`;
  const { status, data } = await answer;
  const name = Object.entries(StreamStatus).find(([, value]) => value === status)?.[0];
  hold(name !== undefined, `its status is ${status}`);
  if (data.length > 0) parseJson(data, "the data of the answer");
  return name;
}

const kind = { group: "protocol-test.example.com", version: "v1", kind: "Thing" };
const object = { apiVersion: "protocol-test.example.com/v1", kind: "Thing", metadata: { name: "one" }, spec: {} };

export const admission: Check = {
  name: "admits objects, or says why not",
  async run({ plugin, input }) {
    const objectBytes = new TextEncoder().encode(JSON.stringify(object));
    const request = { pluginContext: contextOf(input), operation: 0, kind, objectBytes, oldObjectBytes: new Uint8Array() } as const;
    const mutated = await served("MutateAdmission", plugin.call("mutateAdmission", request));
    if (mutated.allowed && mutated.objectBytes.length > 0) parseJson(mutated.objectBytes, "the mutated object");
    hold(mutated.allowed || mutated.result !== undefined, "it refuses an object without a word");
    const validated = await served("ValidateAdmission", plugin.call("validateAdmission", request));
    hold(validated.allowed || validated.result !== undefined, "it refuses an object without a word");
    return validated.allowed ? "allowed" : `refused: ${validated.result?.message ?? ""}`;
  },
};

export const conversion: Check = {
  name: "converts as many objects as it is given, in their order",
  async run({ plugin, input }) {
    const names = ["one", "two"];
    const objects = names.map((name) => ({
      raw: new TextEncoder().encode(JSON.stringify({ ...object, metadata: { name } })),
      contentType: "application/json",
    }));
    const request = { pluginContext: contextOf(input), uid: "protocol-test", objects, targetVersion: { group: kind.group, version: "v2" } };
    const answer = await served("ConvertObjects", plugin.call("convertObjects", request));
    if (answer.result?.status === "Failure") return `refused: ${answer.result.message}`;
    hold(answer.uid === request.uid, `the answer's uid is ${JSON.stringify(answer.uid)}`);
    hold(answer.objects.length === names.length, `${names.length} objects went in, ${answer.objects.length} came out`);
    for (const [index, { raw }] of answer.objects.entries()) {
      const converted = parseJson(raw, `object ${index}`);
      const metadata = isJsonObject(converted) ? converted["metadata"] : undefined;
      hold(isJsonObject(metadata) && metadata["name"] === names[index], `object ${index} is no longer ${names[index] ?? ""}`);
    }
    return undefined;
  },
};
