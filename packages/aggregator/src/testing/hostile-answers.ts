import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { validateHeaderName, validateHeaderValue } from "node:http";
import { type Frame, frameToArrow, frameToJson } from "@dataplane/frames";
import { ApiError, type HttpResponse, silentLogger } from "@dataplane/meta";
import {
  type CallResourceResponse,
  DataFrameFormat,
  type DataResponse,
  GrpcCode,
  GrpcError,
  type QueryChunkedDataResponse,
} from "@dataplane/plugin-protocol";
import fc from "fast-check";
import { answerForms } from "../service-types/answer-form.js";
import { parseQueryRequest } from "../service-types/query-request.js";
import { respondToQueries } from "../service-types/query-response.js";
import { callResource } from "../service-types/resources.js";
import { aPlugin } from "./a-plugin.js";
import { aRequest } from "./call.js";
import { knownDataSources } from "./known-data-sources.js";

// What holds for any answer of a plugin, once for the tests and for campaigns of more rounds.

/** Told how each round ended: a status with a type, or the reason of an ApiError. */
export type Seen = (outcome: string) => void;
const nobody: Seen = () => undefined;

const frame: Frame = {
  name: "f",
  meta: { type: "table" },
  fields: [
    { name: "t", type: "time", nullable: false, values: [1n, 2n, 3n] },
    { name: "s", type: "string", nullable: true, values: ["a", null, "ü\n"] },
    { name: "v", type: "float64", nullable: true, values: [Number.NaN, 1.5, null], labels: { a: "b" } },
  ],
};
const arrow = Buffer.from(frameToArrow(frame));
const json = Buffer.from(frameToJson(frame));

/** Sound frames with a few bytes changed or cut. */
const changed = fc
  .tuple(
    fc.constantFrom(arrow, json),
    fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(0, 10, 34, 44, 93, 125, 255))), { maxLength: 3 }),
    fc.nat(20),
    fc.nat(),
  )
  .map(([bytes, changes, cut, end]) => {
    const mutated = Buffer.from(cut === 0 ? bytes.subarray(0, end % bytes.length) : bytes);
    for (const [at, value] of changes) if (mutated.length > 0) mutated[at % mutated.length] = value;
    return mutated;
  });

/** Frames that claim more rows, or bytes, than they have: Arrow's lengths are 32 or 64 bits, little endian and aligned. */
const claiming = fc.tuple(fc.nat(), fc.constantFrom(0x7f_ff_ff_ff, 0xff_ff_ff_ff, 0x7f_ff_ff_f8, 1 << 20)).map(([at, claim]) => {
  const bytes = Buffer.from(arrow);
  bytes.writeUInt32LE(claim, (at % Math.floor(bytes.length / 4)) * 4);
  return bytes;
});

const words = [
  "null",
  "[]",
  "{}",
  "",
  "NaN",
  '{"data":null}',
  '{"data":{"values":[null,[1e999]]}}',
  '{"schema":{"fields":null},"data":{"values":[[1]]}}',
];
const anyFrame = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  { weight: 3, arbitrary: changed },
  claiming,
  fc.constantFrom(...words).map((word) => Buffer.from(word)),
);
const format = fc.constantFrom(DataFrameFormat.JSON, DataFrameFormat.ARROW);
const text = fc.string({ unit: "binary", maxLength: 10 });
const refId = fc.oneof({ weight: 12, arbitrary: fc.constantFrom("A", "B") }, fc.constantFrom("", "a", "__proto__", "constructor"), text);
const status = fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.constantFrom(0, 200, 2 ** 31 - 1, -(2 ** 31)));

export const hostileChunks: fc.Arbitrary<readonly QueryChunkedDataResponse[]> = fc.array(
  fc.record(
    {
      refId,
      frameId: text,
      frame: anyFrame,
      format,
      error: fc.oneof(fc.constant(""), text),
      errorSource: fc.constantFrom("", "plugin", "downstream"),
      status,
    },
    { noNullPrototype: true },
  ),
  { maxLength: 6 },
);

const response: fc.Arbitrary<DataResponse> = fc.record(
  {
    frames: fc.array(anyFrame, { maxLength: 3 }),
    error: fc.oneof({ weight: 4, arbitrary: fc.constant("") }, text),
    jsonMeta: fc.oneof(fc.constant(new Uint8Array()), fc.uint8Array({ maxLength: 10 })),
    status,
    errorSource: text,
    format,
  },
  { noNullPrototype: true },
);

/** The form that the client asks for, and answers by refId; of those that come twice the last stays, as on the wire. */
export const hostileAnswers = fc.tuple(
  fc.constantFrom(...Object.values(answerForms)),
  fc.array(fc.tuple(refId, response), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
);

const headers = fc
  .array(
    fc.tuple(
      fc.oneof(text, fc.constantFrom("Content-Type", "Set-Cookie", "Content-Length", "__proto__", "x y", "X-A")),
      fc.array(text, { maxLength: 3 }),
    ),
    {
      maxLength: 4,
    },
  )
  .map((entries) => Object.fromEntries(entries.map(([name, values]) => [name, { values }])));

/** The messages of one resource call, and what it ends with, where that is an error. */
export const hostileResources = fc.tuple(
  fc.constantFrom("GET", "HEAD", "POST"),
  fc.array(fc.record({ code: status, headers, body: fc.uint8Array({ maxLength: 100 }) }, { noNullPrototype: true }), { maxLength: 5 }),
  fc.option(fc.constantFrom(...Object.values(GrpcCode))),
);

type Calls = Parameters<typeof aPlugin>[0]["calls"];

const target = { namespace: "default", uid: "main" };

const callOf = (method: string, accept: string, calls: Calls) => ({
  request: aRequest(method, "/apis/g/v/namespaces/default/datasources/main/query", { headers: { accept } }),
  plugin: aPlugin({ id: "prometheus", ...(calls === undefined ? {} : { calls }) }),
  contexts: knownDataSources([{ pluginId: "prometheus", uid: "main" }]),
  limits: { bodyBytes: 1e6, callTimeoutMs: 5000, resultRows: 5, resultBytes: 5000 },
  logger: silentLogger,
});

const ask = (accept: string, calls: Calls): Promise<HttpResponse> =>
  respondToQueries(callOf("POST", accept, calls), target, parseQueryRequest('{"queries":[{},{"refId":"B"}]}', new Date()));

async function bytesOf({ body }: HttpResponse): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  if (typeof body === "string" || body instanceof Uint8Array) pieces.push(Buffer.from(body));
  else if (body !== undefined) for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces);
}

interface Line {
  readonly refId: string;
  readonly error?: string;
  readonly status?: number;
}

/** Whatever chunks come, each line is one JSON object of a query that was asked, and nothing follows a cut. */
export async function chunksBecomeLines(chunks: readonly QueryChunkedDataResponse[], seen: Seen = nobody): Promise<void> {
  const answer = await ask(answerForms.lines, {
    async *queryChunkedData() {
      for (const it of chunks) yield await Promise.resolve(it);
    },
  });
  const lines = (await bytesOf(answer)).toString().split("\n");
  assert.equal(lines.pop(), "");
  const parsed = lines.map((line) => JSON.parse(line) as Line);
  for (const line of parsed) {
    assert(line.refId === "A" || line.refId === "B", line.refId);
    seen(line.error === undefined ? "a frame" : `an error, status ${Math.floor((line.status ?? 0) / 100)}xx`);
  }
  for (const asked of ["A", "B"]) {
    const own = parsed.filter((line) => line.refId === asked);
    assert(own.length > 0, `no line for ${asked}`);
    const cut = own.findIndex(({ status: code, error }) => code === 413 && error?.includes("[dataproxy]") === true);
    if (cut >= 0) assert.equal(cut, own.length - 1);
  }
  assert.deepEqual(Object.keys(Object.prototype), []);
}

/** Whatever answers come at once, each form is whole. */
export async function answersAreWhole([accept, responses]: readonly [string, Record<string, DataResponse>], seen: Seen = nobody): Promise<void> {
  const answer = await ask(accept, { queryData: () => Promise.resolve({ responses }) });
  const contentType = String(answer.headers["content-type"]);
  const body = await bytesOf(answer);
  assert(answer.status >= 200 && answer.status <= 599);
  if (contentType === "application/json") {
    const results: unknown = JSON.parse(body.toString());
    assert(typeof results === "object" && results !== null && ("results" in results || "status" in results));
  } else if (contentType === answerForms.lines) {
    for (const line of body.toString().trimEnd().split("\n")) JSON.parse(line);
  } else if (contentType.startsWith("multipart/")) {
    assert.match(body.toString("latin1"), /^--frames-[\da-f]{24}\r\n[^]*\r\n--frames-[\da-f]{24}--\r\n$/);
  }
  assert.deepEqual(Object.keys(Object.prototype), []);
  seen(`${Math.floor(answer.status / 100)}xx ${contentType.split(";", 1)[0] ?? ""}`);
}

/** Whatever a resource call sends, it is an HTTP answer that can be written, or an error that has a Status; its body may break off. */
export async function resourcesAreAnswers(
  [method, messages, end]: readonly [string, readonly CallResourceResponse[], GrpcCode | null],
  seen: Seen = nobody,
): Promise<void> {
  const call = callOf(method, "*/*", {
    async *callResource() {
      for (const it of messages) yield await Promise.resolve(it);
      if (end !== null) throw new GrpcError(end, "the end");
    },
  });
  let answer: HttpResponse;
  try {
    answer = await callResource(call, { ...target, path: "x" });
  } catch (error) {
    assert(error instanceof ApiError && error.reason !== "InternalError", String(error));
    seen(`ApiError ${error.reason}`);
    return;
  }
  assert(answer.status >= 200 && answer.status <= 599);
  for (const [name, value] of Object.entries(answer.headers)) {
    validateHeaderName(name);
    for (const one of typeof value === "string" ? [value] : (value ?? [])) validateHeaderValue(name, one);
  }
  try {
    await bytesOf(answer);
    seen("an answer");
  } catch (error) {
    assert(error instanceof GrpcError, String(error));
    seen("an answer that breaks off");
  }
}
