import { Buffer } from "node:buffer";
import { type Frame, frameToArrow, frameToJson } from "@dataplane/frames";
import { silentLogger } from "@dataplane/meta";
import { DataFrameFormat, type QueryChunkedDataResponse } from "@dataplane/plugin-protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { anAnswer, aPlugin } from "../testing/a-plugin.js";
import { aRequest } from "../testing/call.js";
import { knownDataSources } from "../testing/known-data-sources.js";
import { answerForms } from "./answer-form.js";
import { parseQueryRequest } from "./query-request.js";
import { respondToQueries } from "./query-response.js";

const frame: Frame = {
  name: "f",
  meta: { type: "table" },
  fields: [
    { name: "t", type: "time", nullable: false, values: [1n, 2n, 3n] },
    { name: "s", type: "string", nullable: true, values: ["a", null, "ü\n"] },
    { name: "v", type: "float64", nullable: true, values: [Number.NaN, 1.5, null], labels: { a: "b" } },
  ],
};
const sound = [frameToArrow(frame), frameToJson(frame)].map((bytes) => Buffer.from(bytes));

/** Frames with a few bytes changed or cut, and bytes that are no frame. */
const anyFrame = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc
    .tuple(
      fc.constantFrom(...sound),
      fc.array(fc.tuple(fc.nat(), fc.oneof(fc.nat(255), fc.constantFrom(0, 10, 34, 44, 93, 125, 255))), { maxLength: 3 }),
      fc.nat(20),
      fc.nat(),
    )
    .map(([bytes, changes, cut, end]) => {
      const mutated = Buffer.from(cut === 0 ? bytes.subarray(0, end % bytes.length) : bytes);
      for (const [at, value] of changes) if (mutated.length > 0) mutated[at % mutated.length] = value;
      return mutated;
    }),
);
const format = fc.constantFrom(DataFrameFormat.JSON, DataFrameFormat.ARROW);
const text = fc.string({ unit: "binary", maxLength: 10 });
const chunk: fc.Arbitrary<QueryChunkedDataResponse> = fc.record({
  refId: fc.oneof({ weight: 9, arbitrary: fc.constantFrom("A", "B") }, { weight: 1, arbitrary: text }),
  frameId: text,
  frame: anyFrame,
  format,
  error: fc.oneof(fc.constant(""), text),
  errorSource: fc.constantFrom("", "plugin", "downstream"),
  status: fc.integer({ min: -1000, max: 1000 }),
});

async function ask(accept: string, calls: Parameters<typeof aPlugin>[0]["calls"]): Promise<{ status: number; contentType: string; body: Buffer }> {
  const call = {
    request: aRequest("POST", "/apis/g/v/namespaces/default/datasources/main/query", { headers: { accept } }),
    plugin: aPlugin({ id: "prometheus", ...(calls === undefined ? {} : { calls }) }),
    contexts: knownDataSources([{ pluginId: "prometheus", uid: "main" }]),
    limits: { bodyBytes: 1e6, callTimeoutMs: 5000, resultRows: 5, resultBytes: 5000 },
    logger: silentLogger,
  };
  const { status, headers, body } = await respondToQueries(
    call,
    { namespace: "default", uid: "main" },
    parseQueryRequest('{"queries":[{},{"refId":"B"}]}', new Date()),
  );
  const pieces: Uint8Array[] = [];
  if (typeof body === "string" || body instanceof Uint8Array) pieces.push(Buffer.from(body));
  else if (body !== undefined) for await (const piece of body) pieces.push(piece);
  return { status, contentType: String(headers["content-type"]), body: Buffer.concat(pieces) };
}

test("whatever chunks come, each line is one JSON object of a query that was asked, and nothing follows a cut", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { maxLength: 6 }), async (chunks) => {
      const { body } = await ask(answerForms.lines, {
        async *queryChunkedData() {
          for (const it of chunks) yield await Promise.resolve(it);
        },
      });
      const lines = body.toString().split("\n");
      expect(lines.pop()).toBe("");
      const parsed = lines.map((line) => JSON.parse(line) as { refId: string; error?: string; status?: number });
      for (const { refId } of parsed) expect(["A", "B"]).toContain(refId);
      for (const refId of ["A", "B"]) {
        const own = parsed.filter((line) => line.refId === refId);
        expect(own.length).toBeGreaterThan(0);
        const cut = own.findIndex(({ status }) => status === 413);
        if (cut >= 0 && own[cut]?.error?.includes("[dataproxy]") === true) expect(cut).toBe(own.length - 1);
      }
    }),
    { numRuns: 1500, interruptAfterTimeLimit: 8000 },
  );
}, 30_000);

test("whatever frames come at once, each form is whole", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.values(answerForms)), fc.array(anyFrame, { maxLength: 3 }), format, async (accept, frames, as) => {
      const { status, contentType, body } = await ask(accept, {
        queryData: () => Promise.resolve({ responses: { A: anAnswer({ frames, format: as }), B: anAnswer() } }),
      });
      expect(status).toBeGreaterThanOrEqual(200);
      if (contentType === "application/json") expect(JSON.parse(body.toString())).toHaveProperty("results.A");
      else if (contentType === answerForms.lines) for (const line of body.toString().trimEnd().split("\n")) JSON.parse(line);
      else if (contentType.startsWith("multipart/"))
        expect(body.toString("latin1")).toMatch(/^--frames-[\da-f]{24}\r\n[^]*\r\n--frames-[\da-f]{24}--\r\n$/);
    }),
    { numRuns: 2000, interruptAfterTimeLimit: 8000 },
  );
}, 30_000);
