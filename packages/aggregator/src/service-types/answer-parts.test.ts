import { Buffer } from "node:buffer";
import { type Frame, frameToArrow, frameToJson } from "@dataplane/frames";
import { DataFrameFormat } from "@dataplane/plugin-protocol";
import { tableFromIPC } from "apache-arrow";
import { expect, test } from "vitest";
import { aDataPlaneService, anAnswer, aPlugin, startAggregator } from "../testing/start-aggregator.js";

const services = [aDataPlaneService({ plugin: "prometheus" })];
const arrow = { accept: "application/vnd.apache.arrow.stream" };
const csv = { accept: "text/csv" };

const numbers = (...values: readonly bigint[]): Frame => ({
  refId: "A",
  fields: [
    { name: "n", type: "int64", nullable: false, values },
    { name: "s", type: "string", nullable: true, values: values.map(() => null) },
  ],
});
const big = 2n ** 53n + 1n;
const inArrow = (...frames: readonly Frame[]) => anAnswer({ frames: frames.map(frameToArrow), format: DataFrameFormat.ARROW });
const inJson = (...frames: readonly Frame[]) => anAnswer({ frames: frames.map(frameToJson) });

function ask(answers: Parameters<typeof aPlugin>[0]["answers"], headers: Readonly<Record<string, string>>, limits = {}) {
  const plugin = aPlugin({ id: "prometheus", ...(answers === undefined ? {} : { answers }) });
  const { query } = startAggregator({ plugins: [plugin], services, limits });
  return query(
    "prometheus",
    "main",
    Object.keys(answers ?? {}).map((refId) => ({ refId })),
    { headers },
  ).then((response) => ({ ...response, plugin }));
}

/** The parts of a multipart body, as RFC 2046 cuts them. */
function partsOf(response: { readonly headers: Readonly<Record<string, unknown>>; readonly bytes: Buffer }) {
  const [, boundary = ""] = /^multipart\/mixed; boundary=(\S+)$/.exec(String(response.headers["content-type"])) ?? [];
  const text = response.bytes.toString("latin1");
  expect(text.endsWith(`\r\n--${boundary}--\r\n`)).toBe(true);
  return `\r\n${text}`
    .split(`\r\n--${boundary}`)
    .slice(1, -1)
    .map((part) => {
      const end = part.indexOf("\r\n\r\n");
      const headers = Object.fromEntries(
        part
          .slice(2, end)
          .split("\r\n")
          .map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 2)]),
      );
      return { headers, body: Buffer.from(part.slice(end + 4), "latin1") };
    });
}

test.each([
  ["Arrow", inArrow(numbers(big, -1n))],
  ["JSON", inJson(numbers(big, -1n))],
])("one frame that the plugin sent as %s is one Arrow stream", async (_, answer) => {
  const response = await ask({ A: answer }, arrow);
  expect(response).toMatchObject({ status: 200, headers: { "content-type": "application/vnd.apache.arrow.stream" } });
  expect(response.plugin.received[0]?.format).toBe(DataFrameFormat.ARROW);
  const table = tableFromIPC(response.bytes);
  expect(table.getChild("n")?.toArray()).toEqual(BigInt64Array.of(big, -1n));
  expect(response.bytes.toString("latin1", 0, 6)).not.toBe("ARROW1");
});

test.each([
  ["Arrow", inArrow(numbers(big))],
  ["JSON", inJson(numbers(big))],
])("one frame that the plugin sent as %s is one CSV", async (_, answer) => {
  const response = await ask({ A: answer }, csv);
  expect(response).toMatchObject({
    status: 200,
    text: "n,s\r\n9007199254740993,\r\n",
    headers: { "content-type": "text/csv; charset=utf-8; header=present" },
  });
});

test("several frames are parts that say whose they are; errors are JSON among them", async () => {
  const response = await ask(
    {
      B: inArrow(numbers(1n), numbers(2n)),
      A: { error: "no such table", status: 400, errorSource: "downstream", frames: [] },
      "ü\r\nx: 1": inJson(numbers(3n)),
    },
    csv,
  );
  expect(response.status).toBe(200);
  const parts = partsOf(response);
  expect(parts.map(({ headers }) => headers)).toEqual([
    { "content-type": "text/csv; charset=utf-8; header=present", "x-ref-id": "B", "x-frame-index": "0" },
    { "content-type": "text/csv; charset=utf-8; header=present", "x-ref-id": "B", "x-frame-index": "1" },
    { "content-type": "text/csv; charset=utf-8; header=present", "x-ref-id": "%C3%BC%0D%0Ax:%201", "x-frame-index": "0" },
    { "content-type": "application/json", "x-ref-id": "A" },
  ]);
  expect(parts.map(({ body }) => body.toString())).toEqual([
    "n,s\r\n1,\r\n",
    "n,s\r\n2,\r\n",
    "n,s\r\n3,\r\n",
    '{"error":"no such table","errorSource":"downstream","status":400}',
  ]);
});

test("Arrow parts are streams, whole", async () => {
  const response = await ask({ A: inArrow(numbers(1n)), B: inArrow(numbers(2n, 3n)) }, arrow);
  expect(partsOf(response).map(({ body }) => [...(tableFromIPC(body).getChild("n")?.toArray() as BigInt64Array)])).toEqual([[1n], [2n, 3n]]);
});

test("an answer without a frame is no data: its error's status, and the JSON answer", async () => {
  const failed = { error: "no such table", status: 400, errorSource: "downstream", frames: [] };
  expect(await ask({ A: failed }, csv)).toMatchObject({ status: 400, json: { results: { A: { error: "no such table", status: 400 } } } });
  expect(await ask({ A: failed, B: { ...failed, status: 404 } }, arrow)).toMatchObject({
    status: 502,
    headers: { "content-type": "application/json" },
  });
});

test("an answer of no frames, and one of a frame without fields, are empty tables", async () => {
  for (const frames of [[], [frameToArrow({ fields: [] })]]) {
    const answer = anAnswer({ frames, format: DataFrameFormat.ARROW });
    expect(await ask({ A: answer }, csv)).toMatchObject({ status: 200, text: "" });
    expect(tableFromIPC((await ask({ A: answer }, arrow)).bytes).schema.fields).toEqual([]);
  }
});

test("a broken frame, and one over a cap, are errors of their results alone", async () => {
  const broken = anAnswer({ frames: [Buffer.from("ARROW1\0\0nonsense")], format: DataFrameFormat.ARROW });
  const json = anAnswer({ frames: [Buffer.from('{"schema":{"fields":[{"type":"colour"}]}}')] });
  const response = await ask({ A: inArrow(numbers(1n)), B: broken, C: json, D: inArrow(numbers(1n, 2n, 3n)) }, csv, { resultRows: 2 });
  const errors = partsOf(response)
    .slice(1)
    .map(({ body }) => JSON.parse(body.toString()) as unknown);
  expect(errors).toMatchObject([
    { status: 502, errorSource: "plugin" },
    { status: 502 },
    { status: 413, error: expect.stringContaining("row_limit") as string },
  ]);
});

test("what cannot be given is 406, and the plugin is not asked", async () => {
  const response = await ask({ A: anAnswer() }, { accept: "text/html" });
  expect(response.json).toMatchObject({ kind: "Status", code: 406, reason: "NotAcceptable", message: expect.stringContaining("text/csv") as string });
  expect(response.plugin.received).toHaveLength(0);
});
