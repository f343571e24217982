import { Buffer } from "node:buffer";
import { DataFrameFormat, type DataQuery, type DataResponse, type QueryChunkedDataResponse, servePlugin } from "@dataplane/plugin-protocol";

// A plugin process that answers what no sound plugin would. The query's type says what.

const answer = (
  frames: readonly Uint8Array[],
  format: DataFrameFormat = DataFrameFormat.JSON,
  partial: Partial<DataResponse> = {},
): DataResponse => ({
  frames,
  error: "",
  jsonMeta: new Uint8Array(),
  status: 200,
  errorSource: "",
  format,
  ...partial,
});
const json = (text: string): DataResponse => answer([Buffer.from(text)]);
const head = '{"schema":{"fields":[{"name":"v","type":"number"}]},"data":{"values":[[';

const megabytes = ({ json: model }: DataQuery): number => {
  const parsed: unknown = JSON.parse(Buffer.from(model).toString());
  return typeof parsed === "object" && parsed !== null && "megabytes" in parsed && typeof parsed.megabytes === "number" ? parsed.megabytes : 0;
};

const answers: Readonly<Record<string, (query: DataQuery) => DataResponse>> = {
  sound: () => json(`${head}1,2]]}}`),
  large: (query) => answer([Buffer.alloc(megabytes(query) << 20, 0x31)]),
  "bad-json": () => json(`${head}1,2`),
  "nan-in-json": () => json(`${head}NaN]]}}`),
  "null-frame": () => json("null"),
  "not-utf8": () => answer([Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')])]),
  "deep-json": () => json(`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`),
  "two-frames-in-one": () => json(`${head}1]]}}${head}1]]}}`),
  "empty-frame": () => answer([new Uint8Array()]),
  "broken-arrow": () => answer([Buffer.from("ARROW1\0\0\xff\xff\xff\xff\xff\xff\xff\x7f", "latin1")], DataFrameFormat.ARROW),
  "json-called-arrow": () => answer([Buffer.from(`${head}1]]}}`)], DataFrameFormat.ARROW),
  "arrow-called-json": () => answer([Buffer.from("ARROW1\0\0", "latin1")]),
  "odd-status": () => answer([], DataFrameFormat.JSON, { error: "no", status: -7, errorSource: "nobody" }),
  "line-breaks": () => json(`{\r\n "schema": {"fields": [{"name":"v","type":"number"}]},\n"data":{"values":[[1]]}}`),
};

const usual = (): DataResponse => json(`${head}1]]}}`);
const answerTo = (query: DataQuery): DataResponse => (answers[query.queryType] ?? usual)(query);
const refIdFor = ({ queryType, refId }: DataQuery): string => (queryType === "wrong-ref-id" ? "__proto__" : refId);

const endless: Readonly<Record<string, (index: number) => { readonly frameId: string; readonly frame: Uint8Array }>> = {
  "endless-large": () => ({ frameId: "0", frame: Buffer.from(`{"data":{"values":[["${"x".repeat(1 << 20)}"]]}}`) }),
  "endless-frames": (index) => ({ frameId: String(index), frame: Buffer.from(`${head}1]]}}`) }),
};

function* chunksOf(query: DataQuery): Generator<QueryChunkedDataResponse> {
  const chunk = {
    refId: refIdFor(query),
    frameId: "",
    frame: new Uint8Array(),
    format: DataFrameFormat.JSON,
    error: "",
    errorSource: "",
    status: 200,
  };
  const next = endless[query.queryType];
  if (next !== undefined) for (let index = 0; ; index++) yield { ...chunk, ...next(index) };
  const { frames, format, error, errorSource, status } = answerTo(query);
  for (const [index, frame] of frames.entries()) yield { ...chunk, frameId: String(index), frame, format, status };
  if (error !== "") yield { ...chunk, error, errorSource, status };
}

await servePlugin({
  env: process.env,
  implementation: {
    queryData: ({ queries }) => Promise.resolve({ responses: Object.fromEntries(queries.map((query) => [refIdFor(query), answerTo(query)])) }),
    async *queryChunkedData({ queries }) {
      // The server may hand on what is there between two chunks.
      for (const query of queries) for (const chunk of chunksOf(query)) yield await Promise.resolve(chunk);
    },
  },
});
