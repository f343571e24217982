import type { StreamRequest } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import { frame, numberField, stringField } from "./frame-builder.js";
import { BadRequestError } from "./plugin-error.js";
import { PacketEncoder, publicationOf, streamResponse } from "./streams.js";
import { dataSourceContext } from "./testing/requests.js";

const rows = (...values: number[]) => frame({ name: "n", meta: { channel: "ä" }, fields: [numberField("v", values)] });
const text = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));
const publication = (data: string): StreamRequest => ({
  pluginContext: dataSourceContext(),
  path: "p",
  data: new TextEncoder().encode(data),
  headers: {},
});

test("a packet has its schema when it is the first or differs from the last one's", () => {
  const packets = new PacketEncoder();
  const sent = [rows(1), rows(2, 3), frame({ fields: [stringField("s", [])] }), rows(), { any: "json" }, rows(Number.NaN)].map((data) =>
    text(packets.encode(data).data),
  );
  expect(sent).toEqual([
    { schema: expect.objectContaining({ name: "n" }), data: { values: [[1]] } },
    { data: { values: [[2, 3]] } },
    { schema: { fields: [expect.objectContaining({ name: "s" })] }, data: { values: [[]] } },
    { schema: expect.objectContaining({ name: "n" }), data: { values: [[]] } },
    { any: "json" },
    { data: { values: [[null]], entities: [{ NaN: [0] }] } },
  ]);
});

test("a frame without fields is a packet too", () => {
  const packets = new PacketEncoder();
  const empty = frame({ fields: [] });
  expect([empty, empty].map((it) => text(packets.encode(it).data))).toEqual([
    { schema: { fields: [] }, data: { values: [] } },
    { data: { values: [] } },
  ]);
});

test("initial data is a frame with its schema, or JSON, and nothing goes with a refusal", () => {
  expect(text(streamResponse({ status: "ok", data: rows() }).data)).toMatchObject({ schema: { name: "n" } });
  expect(text(streamResponse({ status: "ok", data: { a: 1 } }).data)).toEqual({ a: 1 });
  expect(streamResponse({ status: "ok" })).toEqual({ status: 0, data: new Uint8Array() });
  expect(streamResponse({ status: "permission-denied" })).toEqual({ status: 2, data: new Uint8Array() });
});

test("any JSON can be published, and nothing else", () => {
  expect(publicationOf(publication("[1,null]")).data).toEqual([1, null]);
  expect(publicationOf(publication("")).data).toBeUndefined();
  expect(() => publicationOf(publication("{oh"))).toThrow(BadRequestError);
});
