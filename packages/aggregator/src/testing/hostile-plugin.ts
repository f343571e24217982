import { Buffer } from "node:buffer";
import { DataFrameFormat, type DataQuery, type DataResponse, servePlugin } from "@dataplane/plugin-protocol";

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

await servePlugin({
  env: process.env,
  implementation: {
    queryData: ({ queries }) =>
      Promise.resolve({
        responses: Object.fromEntries(
          queries.map((query) => [
            query.queryType === "wrong-ref-id" ? "__proto__" : query.refId,
            (answers[query.queryType] ?? (() => json(`${head}1]]}}`)))(query),
          ]),
        ),
      }),
    async *queryChunkedData({ queries }) {
      for (const query of queries) {
        if (query.queryType === "endless-large") {
          for (;;)
            yield await Promise.resolve({
              refId: query.refId,
              frameId: "0",
              error: "",
              status: 200,
              errorSource: "",
              frame: Buffer.from(`{"data":{"values":[["${"x".repeat(1 << 20)}"]]}}`),
              format: DataFrameFormat.JSON,
            });
        }
        if (query.queryType === "endless-frames") {
          for (let frame = 0; ; frame++) {
            yield await Promise.resolve({
              refId: query.refId,
              frameId: `${frame}`,
              error: "",
              status: 200,
              errorSource: "",
              frame: Buffer.from(`${head}1]]}}`),
              format: DataFrameFormat.JSON,
            });
          }
        }
        const { frames, format, error, errorSource, status } = (answers[query.queryType] ?? (() => json(`${head}1]]}}`)))(query);
        const refId = query.queryType === "wrong-ref-id" ? "__proto__" : query.refId;
        for (const [index, frame] of frames.entries()) yield { refId, frameId: String(index), frame, format, error: "", errorSource: "", status };
        if (error !== "") yield { refId, frameId: "", frame: new Uint8Array(), format, error, errorSource, status };
      }
    },
  },
});
