import { DataFrameFormat, type DataResponse, type QueryDataRequest } from "@dataplane/plugin-protocol";
import { collect, served } from "../answers.js";
import { type Check, type CheckContext, hold, NotServed } from "../check.js";
import { checkFrame } from "../frames.js";
import { contextOf, dataQueryOf, refIdOf, type TestInput } from "../test-input.js";

export function requestOf(input: TestInput, format: DataFrameFormat): QueryDataRequest {
  return { pluginContext: contextOf(input), headers: {}, format, queries: input.queries.map(dataQueryOf) };
}

export const queryRefIds: Check = {
  name: "answers each query by its refId, and nothing else",
  async run({ plugin, input }) {
    // Two of each: an answer that is not told apart shows.
    const twice = { ...input, queries: input.queries.flatMap((query) => [query, { ...query, refId: `${refIdOf(query)}2` }]) };
    const { responses } = await served("QueryData", plugin.call("queryData", requestOf(twice, DataFrameFormat.JSON)));
    const asked = twice.queries.map(refIdOf).sort();
    const answered = Object.keys(responses).sort();
    hold(answered.join("\n") === asked.join("\n"), `asked for ${asked.join(", ")}, got ${answered.join(", ") || "nothing"}`);
    return outcomeOf(Object.values(responses));
  },
};

export const jsonFrames: Check = { name: "answers frames in JSON that a host can read", run: (context) => frames(context, DataFrameFormat.JSON) };
export const arrowFrames: Check = { name: "answers frames in Arrow that a host can read", run: (context) => frames(context, DataFrameFormat.ARROW) };

async function frames({ plugin, input }: CheckContext, format: DataFrameFormat): Promise<string> {
  const { responses } = await served("QueryData", plugin.call("queryData", requestOf(input, format)));
  const answers = Object.entries(responses);
  for (const [refId, answer] of answers) {
    checkError(refId, answer);
    for (const [index, frame] of answer.frames.entries()) checkFrame(frame, answer.format, `frame ${index} of ${refId}`);
  }
  const count = answers.reduce((sum, [, answer]) => sum + answer.frames.length, 0);
  const isHonoured = answers.every(([, answer]) => answer.frames.length === 0 || answer.format === format);
  if (count === 0) throw new NotServed(`no frame came: ${outcomeOf(Object.values(responses))}; --query FILE gives a query that has some`);
  return `${count} frames${isHonoured ? "" : ", in its own format: hosts look at each answer's"}`;
}

/** A failed query has words and a status, and knows who is to blame. */
function checkError(refId: string, { error, status, errorSource }: DataResponse): void {
  hold(status === 0 || (status >= 200 && status <= 599), `the status of ${refId} is ${status}`);
  hold(status < 400 || error !== "", `${refId} has status ${status} and no error text`);
  hold(
    errorSource === "" || errorSource === "plugin" || errorSource === "downstream",
    `the errorSource of ${refId} is ${JSON.stringify(errorSource)}`,
  );
}

function outcomeOf(answers: readonly DataResponse[]): string | undefined {
  const errors = [...new Set(answers.flatMap(({ error }) => (error === "" ? [] : [error])))];
  return errors.length === 0 ? undefined : `answered with an error: ${errors[0]?.slice(0, 200) ?? ""}`;
}

export const noQueries: Check = {
  name: "answers a request without queries with no answers",
  async run({ plugin, input }) {
    const { responses } = await served("QueryData", plugin.call("queryData", requestOf({ ...input, queries: [] }, DataFrameFormat.JSON)));
    hold(Object.keys(responses).length === 0, `it answered ${Object.keys(responses).join(", ")}`);
    return undefined;
  },
};

export const chunkedFrames: Check = {
  name: "answers in chunks of the queries that were asked",
  async run({ plugin, input }) {
    const request = requestOf(input, DataFrameFormat.JSON);
    const chunks = await served("QueryChunkedData", collect(plugin.stream("queryChunkedData", request)));
    // The Go SDK's way to say that there is no handler.
    if (chunks.length === 1 && chunks[0]?.status === 501) throw new NotServed("QueryChunkedData is not served");
    const asked = new Set(request.queries.map(({ refId }) => refId));
    const begun = new Set<string>();
    for (const [index, { refId, frameId, frame, format, status, error }] of chunks.entries()) {
      const what = `chunk ${index}`;
      hold(asked.has(refId), `${what} is of query ${JSON.stringify(refId)}, which was not asked`);
      hold(status < 400 || error !== "", `${what} has status ${status} and no error text`);
      if (frame.length === 0) continue;
      hold(frameId !== "", `${what} has no frameId`);
      checkFrame(frame, format, what);
      const key = JSON.stringify([refId, frameId]);
      const hasSchema = format !== DataFrameFormat.JSON || new TextDecoder().decode(frame.subarray(0, 10)) === '{"schema":';
      hold(hasSchema || begun.has(key), `${what} begins frame ${JSON.stringify(frameId)} without its schema`);
      begun.add(key);
    }
    return `${chunks.length} chunks of ${begun.size} frames`;
  },
};
