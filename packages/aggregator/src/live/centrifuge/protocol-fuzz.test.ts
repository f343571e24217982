import { ApiError } from "@dataplane/meta";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseLineProtocol } from "../push/line-protocol.js";
import { clientChannelName, parseClientChannel } from "./channel-name.js";
import { ProtocolError, parseFrame } from "./commands.js";

const commandish = fc.record(
  { id: fc.anything(), subscribe: fc.anything(), publish: fc.record({ channel: fc.anything(), data: fc.jsonValue(), offset: fc.anything() }) },
  { requiredKeys: [] },
);

test("whatever a client sends is commands, or a ProtocolError", () => {
  const frame = fc.oneof(
    fc.string(),
    fc.json(),
    commandish.map((it) => JSON.stringify(it, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value))),
    fc.array(fc.json()).map((lines) => lines.join("\n")),
  );
  fc.assert(
    fc.property(frame, (text) => {
      try {
        for (const message of parseFrame(text)) if (message !== "pong") expect(typeof message.channel).toBe("string");
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(ProtocolError);
      }
    }),
    { numRuns: 2000 },
  );
});

test("data of a command is the JSON that was sent", () => {
  fc.assert(
    fc.property(fc.json(), (data) => {
      const [command] = parseFrame(` {"publish" : { "channel":"a", "data" : ${data} }, "id":1}`);
      expect(command).toMatchObject({ method: "publish", channel: "a", data: data.trim() });
    }),
  );
});

test("a channel has one name: what is read is written the same, and nothing else is read", () => {
  const part = fc.stringMatching(/^[\w.-]{1,40}$/);
  const prefix = fc.oneof(fc.constantFrom("1", "2", "99"), fc.stringMatching(/^[a-z][a-z\d]{0,20}$/));
  const name = fc
    .tuple(prefix, fc.constantFrom("ds", "plugin", "stream", "grafana"), part, part, part)
    .map((parts) => parts.join("/"))
    .filter((text) => !text.startsWith("default/"));
  fc.assert(
    fc.property(name, (text) => {
      expect(clientChannelName(parseClientChannel(text))).toBe(text);
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        expect(clientChannelName(parseClientChannel(text))).toBe(text);
      } catch (thrown) {
        expect(ApiError.from(thrown).code).toBe(400);
      }
    }),
  );
});

test("whatever is pushed is points, or a 400", () => {
  const alphabet = fc.constantFrom("m", ",", "=", " ", "\\", '"', "1", "i", "\n", "\r", "#", "t", ".", "é");
  fc.assert(
    fc.property(fc.array(alphabet, { maxLength: 40 }), (characters) => {
      try {
        for (const { fields } of parseLineProtocol(characters.join(""))) expect(fields.size).toBeGreaterThan(0);
      } catch (thrown) {
        expect(ApiError.from(thrown).code).toBe(400);
      }
    }),
    { numRuns: 3000 },
  );
});
