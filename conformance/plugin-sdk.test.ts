import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { describeWith, type Need, needsPrometheus } from "./testing/needs.js";
import { startPrometheus } from "./testing/prometheus.js";
import { root, tools } from "./testing/root.js";
import { bareEnvironment, runProcess } from "./testing/run-process.js";

// The bundled plugins are written with our SDK. Here they run under hashicorp/go-plugin's own client, which knows nothing of ours.
const runner = path.join(tools, "plugin-runner");
const needsRunner: Need = { name: "plugin-runner (conformance/build-tools.sh builds it)", isThere: () => existsSync(runner) };

/** What the runner prints of one call. */
interface Line {
  readonly call: string;
  readonly code: string;
  readonly message?: string;
  readonly answer?: unknown;
}

interface Run {
  readonly id: string;
  readonly executable: string;
  readonly query: object;
  readonly resource: string;
  readonly stream: string;
  readonly url?: string;
}

type Calls = Readonly<Record<string, Omit<Line, "call">>>;

/** Makes every call of the protocol once. go-plugin gives up by itself on a plugin that does not start or end. */
async function runPlugin({ id, executable, query, resource, stream, url }: Run, link: string): Promise<Calls> {
  const platform = `${process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`;
  const parameters = ["-id", id, "-query", JSON.stringify({ refId: "A", ...query }), "-resource", resource, "-stream", stream];
  if (url !== undefined) parameters.push("-url", url);
  if (link === "AutoMTLS") parameters.push("-auto-mtls");
  const running = runProcess(runner, [...parameters, path.join(root, "plugins", id, `${executable}_${platform}`)], { env: bareEnvironment() });
  const { code } = await running.end;
  expect(code, running.stderr()).toBe(0);
  const lines = running.stdout().trim().split("\n");
  return Object.fromEntries(lines.map((text) => parseLine(text)));
}

function parseLine(text: string): [string, Omit<Line, "call">] {
  const { call, ...rest } = JSON.parse(text) as Line;
  return [call, rest];
}

const unimplemented = { code: "Unimplemented" };

/** It ends when asked to, before it is killed, and leaves no socket file. */
function expectShutdown({ Shutdown }: Calls): void {
  expect(Shutdown?.answer).toMatchObject({ exited: true, socketLeft: false });
  expect((Shutdown?.answer as { readonly milliseconds: number }).milliseconds).toBeLessThan(1900);
}

/** Kinds and hooks are no matter of this plugin: a host is told so. */
function expectNoHooks(calls: Calls): void {
  expect(calls).toMatchObject({ ValidateAdmission: unimplemented, MutateAdmission: unimplemented, ConvertObjects: unimplemented });
}

interface Queried {
  readonly A: {
    readonly status: number;
    readonly format: string;
    readonly frames: readonly { readonly data: { readonly values: readonly unknown[][] } }[];
  };
}

/** Both formats were obeyed, and the official library reads from Arrow what it reads from JSON. */
function expectSameFrames(calls: Calls): Queried["A"] {
  const json = (calls["QueryData JSON"]?.answer as Queried).A;
  const arrow = (calls["QueryData ARROW"]?.answer as Queried).A;
  expect(json).toMatchObject({ status: 200, format: "JSON" });
  expect(arrow).toMatchObject({ status: 200, format: "ARROW" });
  expect(arrow.frames).toEqual(json.frames);
  return json;
}

const testData: Run = {
  id: "grafana-testdata-datasource",
  executable: "gpx_testdata",
  query: { scenarioId: "random_walk", seed: 3 },
  resource: "scenarios",
  stream: "random-20Hz-stream",
};

const prometheus: Run = {
  id: "prometheus",
  executable: "gpx_prometheus",
  query: { expr: "up", instant: true },
  resource: "api/v1/labels",
  stream: "none",
};

describeWith([needsRunner], "under hashicorp/go-plugin", () => {
  test.each(["plaintext", "AutoMTLS"])("the test data plugin answers every call (%s)", async (link) => {
    const calls = await runPlugin(testData, link);

    const { frames } = expectSameFrames(calls);
    expect(frames).toHaveLength(1);
    expect(frames[0]?.data.values[0]).toEqual([1000, 2000, 3000, 4000]);
    expect(calls["CallResource"]).toMatchObject({ code: "OK", answer: { status: 200, body: expect.stringContaining('"id":"random_walk"') } });
    expect(calls["CheckHealth"]).toEqual({ code: "OK", answer: { status: "OK", message: "Data source is working" } });
    expect(calls["CollectMetrics"]).toMatchObject({ code: "OK", answer: expect.stringContaining("# TYPE process_cpu_seconds_total counter") });
    expect(calls["SubscribeStream"]).toEqual({ code: "OK", answer: { status: "OK" } });
    expect(calls["RunStream"]?.answer).toHaveLength(3);
    expect(calls["RunStream"]?.answer).toMatchObject([
      { schema: { fields: [{ name: "Time" }, { name: "Value" }, { name: "Min" }, { name: "Max" }] } },
      {},
      {},
    ]);
    expect(calls["PublishStream"]).toMatchObject({ code: "OK", answer: { status: "PERMISSION_DENIED" } });
    expect(calls).toMatchObject({ ValidateAdmission: { code: "OK" }, MutateAdmission: { code: "OK" }, ConvertObjects: { code: "OK" } });
    expectShutdown(calls);
  });

  test.each(["plaintext", "AutoMTLS"])("a scenario's error is a result, not a failed call (%s)", async (link) => {
    const calls = await runPlugin({ ...testData, query: { scenarioId: "server_error_500" } }, link);
    expect(calls["QueryData JSON"]).toMatchObject({ code: "OK", answer: { A: { status: 500, errorSource: "plugin", error: expect.any(String) } } });
  });

  test("chunks come one by one, their schema once, and are read from Arrow by the official library", async () => {
    const query = { scenarioId: "chunked", chunks: 3, rows: 4, failAfter: 2 };
    const calls = await runPlugin({ ...testData, query }, "plaintext");
    const failure = { refId: "A", frameId: "", status: 502, errorSource: "downstream", error: "failed after 2 chunks, as asked" };
    const rows = { refId: "A", frameId: "f0", status: 200 };
    expect(calls["QueryChunkedData JSON"]?.answer).toMatchObject([
      { ...rows, frame: { schema: { refId: "A", fields: [{ name: "time" }, { name: "value" }] }, data: { values: [{ length: 4 }, { length: 4 }] } } },
      { ...rows, frame: { data: { values: [{ length: 4 }, { length: 4 }] } } },
      failure,
    ]);
    expect(calls["QueryChunkedData JSON"]?.answer).not.toMatchObject([{}, { frame: { schema: {} } }, {}]);
    expect(calls["QueryChunkedData ARROW"]?.answer).toMatchObject([{ ...rows, rows: 4 }, { ...rows, rows: 4 }, failure]);
    // Who asks for the whole gets the chunks before the failure, and the failure.
    expect(calls["QueryData JSON"]?.answer).toMatchObject({ A: { status: 502, frames: [{ data: { values: [{ length: 8 }, { length: 8 }] } }] } });
  });

  test.each(["plaintext", "AutoMTLS"])("the Prometheus plugin answers every call with nothing behind it (%s)", async (link) => {
    const calls = await runPlugin(prometheus, link);

    const down = { status: 502, errorSource: "downstream", error: expect.stringContaining("cannot be reached"), frames: [] };
    expect(calls["QueryData JSON"]).toMatchObject({ code: "OK", answer: { A: down } });
    expect(calls["QueryData ARROW"]).toMatchObject({ code: "OK", answer: { A: down } });
    expect(calls["CallResource"]).toMatchObject({ code: "OK", answer: { status: 502 } });
    expect(calls["CheckHealth"]).toMatchObject({ code: "OK", answer: { status: "ERROR" } });
    expect(calls["CollectMetrics"]).toMatchObject({ code: "OK", answer: expect.stringContaining("process_cpu_seconds_total") });
    expect(calls).toMatchObject({ SubscribeStream: unimplemented, RunStream: unimplemented, PublishStream: unimplemented });
    expectNoHooks(calls);
    expectShutdown(calls);
  });
});

describeWith([needsRunner, needsPrometheus], "under hashicorp/go-plugin, before a real Prometheus", () => {
  test.each(["plaintext", "AutoMTLS"])("the Prometheus plugin answers (%s)", async (link) => {
    const server = await startPrometheus();
    try {
      const calls = await runPlugin({ ...prometheus, query: { expr: "vector(42)", instant: true }, url: server.url }, link);

      const { frames } = expectSameFrames(calls);
      expect(frames[0]?.data.values).toEqual([[5000], [42]]);
      expect(calls["CheckHealth"]).toMatchObject({ answer: { status: "OK" } });
      expect(calls["CallResource"]).toMatchObject({ answer: { status: 200, body: expect.stringContaining('"__name__"') } });
      expectShutdown(calls);
    } finally {
      await server.stop();
    }
  });
});
