import { Buffer } from "node:buffer";
import { frameToArrow } from "@dataplane/frames";
import { ApiError, silentLogger } from "@dataplane/meta";
import { DataFrameFormat, GrpcCode, GrpcError, type QueryChunkedDataResponse } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import type { CallGuard, CallTarget } from "../call-guard.js";
import { aPlugin, type FakePluginOptions } from "../testing/a-plugin.js";
import { aRequest } from "../testing/call.js";
import { knownDataSources } from "../testing/known-data-sources.js";
import { parseQueryRequest } from "./query-request.js";
import { respondToQueries } from "./query-response.js";

const chunk = (partial: Partial<QueryChunkedDataResponse> = {}): QueryChunkedDataResponse => ({
  refId: "A",
  frameId: "0",
  frame: Buffer.from('{"data":{"values":[[1]]}}'),
  error: "",
  errorSource: "",
  status: 200,
  format: DataFrameFormat.JSON,
  ...partial,
});

/** Remembers whom it let through, and how each call ended. */
class RecordingGuard implements CallGuard {
  readonly log: string[] = [];
  #inFlight = 0;

  async run<T>(target: CallTarget, call: () => Promise<T>): Promise<T> {
    this.log.push(`${target.pluginId}/${target.namespace}/${target.uid} for ${target.user}`);
    this.#inFlight += 1;
    try {
      const result = await call();
      this.log.push("done");
      return result;
    } catch (thrown) {
      this.log.push(`failed: ${ApiError.from(thrown).code}`);
      throw thrown;
    } finally {
      this.#inFlight -= 1;
    }
  }

  get inFlight(): number {
    return this.#inFlight;
  }
}

function ask(
  calls: FakePluginOptions["calls"],
  options: { readonly guard?: CallGuard; readonly callTimeoutMs?: number; readonly signal?: AbortSignal } = {},
) {
  const plugin = aPlugin({ id: "prometheus", ...(calls === undefined ? {} : { calls }) });
  const { guard, signal } = options;
  const request = aRequest("POST", "/apis/g/v/namespaces/default/datasources/main/query", {
    headers: { accept: "text/jsonl" },
    ...(signal === undefined ? {} : { signal }),
  });
  const call = {
    request,
    plugin,
    contexts: knownDataSources([{ pluginId: "prometheus", uid: "main" }]),
    limits: { bodyBytes: 1e6, callTimeoutMs: options.callTimeoutMs ?? 5000 },
    logger: silentLogger,
    ...(guard === undefined ? {} : { guard }),
  };
  return respondToQueries(call, { namespace: "default", uid: "main" }, parseQueryRequest('{"queries":[{}]}', new Date()));
}

interface Line {
  readonly frame?: { readonly schema?: object };
  readonly error?: string;
  readonly errorSource?: string;
  readonly status?: number;
}

async function linesOf(response: Awaited<ReturnType<typeof ask>>): Promise<readonly Line[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of response.body as AsyncIterable<Uint8Array>) pieces.push(piece);
  return Buffer.concat(pieces)
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

test("the guard's place is held until the last chunk is taken", async () => {
  const guard = new RecordingGuard();
  const calls = {
    async *queryChunkedData() {
      yield await Promise.resolve(chunk());
      yield chunk();
    },
  };
  const response = await ask(calls, { guard });
  expect(guard.inFlight).toBe(1);
  expect(await linesOf(response)).toHaveLength(2);
  expect(guard.inFlight).toBe(0);
  expect(guard.log).toEqual(["prometheus/default/main for admin", "done"]);
});

test("the guard hears of a failure midway, the client reads of it, and where it comes from", async () => {
  const guard = new RecordingGuard();
  const calls = {
    async *queryChunkedData() {
      yield await Promise.resolve(chunk());
      throw new GrpcError(GrpcCode.Unavailable, "gone", { metadata: { errorSource: "downstream" } });
    },
  };
  const lines = await linesOf(await ask(calls, { guard }));
  expect(lines[1]).toMatchObject({ status: 503, errorSource: "downstream", error: expect.stringContaining("went away") as string });
  expect(guard.log.at(-1)).toBe("failed: 503");
});

test("a guard that refuses is a Status, and the plugin is not asked", async () => {
  let asked = 0;
  const guard: CallGuard = { run: () => Promise.reject(new ApiError("TooManyRequests", "enough")) };
  const calls = {
    async *queryChunkedData() {
      asked += 1;
      yield await Promise.resolve(chunk());
    },
  };
  await expect(ask(calls, { guard })).rejects.toMatchObject({ code: 429 });
  expect(asked).toBe(0);
});

test("a reader who stands still, or never begins, gives the place back when the call's time is over", async () => {
  const guard = new RecordingGuard();
  const calls = {
    async *queryChunkedData() {
      for (;;) yield await Promise.resolve(chunk());
    },
  };
  const response = await ask(calls, { guard, callTimeoutMs: 50 });
  expect(guard.inFlight).toBe(1);
  await expect.poll(() => guard.log.at(-1)).toBe("failed: 504");
  expect(guard.inFlight).toBe(0);
  await (response.body as AsyncGenerator<Uint8Array>).return(undefined);
});

test("a client that leaves before the first line gives the place back at once", async () => {
  const guard = new RecordingGuard();
  const client = new AbortController();
  const calls = {
    async *queryChunkedData() {
      for (;;) yield await Promise.resolve(chunk());
    },
  };
  await ask(calls, { guard, signal: client.signal });
  client.abort();
  await expect.poll(() => guard.inFlight).toBe(0);
});

test("Arrow chunks become lines whose schema comes once a frame, as JSON ones", async () => {
  const frame = frameToArrow({ name: "n", fields: [{ name: "v", type: "int8", nullable: false, values: [1] }] });
  const calls = {
    async *queryChunkedData() {
      for (const frameId of ["x", "x", "y", "x"]) yield await Promise.resolve(chunk({ frameId, frame, format: DataFrameFormat.ARROW }));
    },
  };
  const lines = await linesOf(await ask(calls));
  expect(lines.map((line) => line.frame?.schema !== undefined)).toEqual([true, false, true, false]);
});

test("a long JSON frame is cut into lines, and one whose types nobody knows is not", async () => {
  const values = Array.from({ length: 100_000 }, (_, row) => row);
  const long = (type: string): Buffer => Buffer.from(JSON.stringify({ schema: { fields: [{ name: "v", type }] }, data: { values: [values] } }));
  const linesFor = (type: string) =>
    ask({
      async *queryChunkedData() {
        yield await Promise.resolve(chunk({ frame: long(type) }));
      },
    }).then(linesOf);
  expect((await linesFor("number")).length).toBeGreaterThan(20);
  const [line, ...others] = await linesFor("colour");
  expect(others).toEqual([]);
  expect(line?.frame).toEqual(JSON.parse(long("colour").toString()));
});

test("one message that says Not Implemented is as good as a call that is", async () => {
  const calls = {
    async *queryChunkedData() {
      yield await Promise.resolve(chunk({ refId: "", frameId: "", status: 501, frame: new Uint8Array() }));
    },
  };
  expect(await linesOf(await ask(calls))).toEqual([{ refId: "A", frameId: "0", frame: { schema: { fields: [] }, data: { values: [] } } }]);
});

test("a query of which no chunk came has a line all the same", async () => {
  const response = await ask({ queryChunkedData: () => (async function* none() {})() });
  expect(await linesOf(response)).toEqual([{ refId: "A", status: 200 }]);
});
