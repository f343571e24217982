import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { codecs, GrpcCode, GrpcError, HealthStatus, links } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import { appContext, baseContext, dataSourceContext, queryRequest } from "./testing/requests.js";
import type { RunningPlugin } from "./testing/start-plugin.js";
import { startSource } from "./testing/start-source.js";

test("errors that nobody caught are logged, and the process lives on", async () => {
  await using plugin = await startSource(`
    import { serveDataSource } from "@dataplane/plugin-sdk";
    await serveDataSource({
      createInstance: () => ({
        queryData: ({ refId }) => {
          if (refId === "A") setTimeout(() => { throw new Error("thrown later"); }, 0);
          void Promise.reject(new Error("rejected unseen"));
          return [];
        },
      }),
    });
  `);
  const request = queryRequest(dataSourceContext(), [{ refId: "A" }], { from: 0, to: 1 });
  await plugin.call("queryData", request);
  await expect.poll(() => plugin.log.filter((line) => line.includes('"@level":"error"')).length).toBe(2);
  expect(plugin.log.join("\n")).toContain("thrown later");
  expect(plugin.log.join("\n")).toContain("rejected unseen");
  expect((await plugin.call("queryData", { ...request, queries: [] })).responses).toEqual({});
});

test("bytes that are no message, and no HTTP/2, are refused, and the process lives on", async () => {
  await using plugin = await startSource(`
    import { serveDataSource } from "@dataplane/plugin-sdk";
    await serveDataSource({ createInstance: () => ({ queryData: () => [] }) });
  `);
  const options = { signal: new AbortController().signal, timeoutMs: 5000 };
  const link = await links["grpc-js"]({ address: plugin.address }, 5000);
  for (const { path } of Object.values(codecs)) {
    await expect(link.unary(path, Buffer.from("\xff\xff\xff\xff no message"), options)).rejects.toBeInstanceOf(GrpcError);
  }
  const tooLarge = link.unary(codecs.queryData.path, new Uint8Array(17 * 1024 * 1024), options);
  await expect(tooLarge).rejects.toMatchObject({ code: GrpcCode.ResourceExhausted });
  link.close();
  await sendBytes(plugin.address, "GET / HTTP/1.1\r\n\r\n");
  await sendBytes(plugin.address, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff garbage");
  const request = queryRequest(dataSourceContext(), [{ refId: "A" }], { from: 0, to: 1 });
  expect(await plugin.call("queryData", request)).toMatchObject({ responses: { A: { status: 200 } } });
});

test("an app has one instance a namespace, a log level of its own, and ends although something is left running", async () => {
  await using plugin = await startSource(
    `
    import { jsonResponse, serveApp } from "@dataplane/plugin-sdk";
    setInterval(() => undefined, 1000);
    await serveApp({
      createInstance: ({ jsonData }, { namespace, logger }) => {
        logger.debug("made", { namespace });
        return { callResource: ({ path }) => jsonResponse({ path, namespace, jsonData }), dispose: () => logger.info("disposed") };
      },
    });
  `,
    { GF_PLUGIN_LOG_LEVEL: "debug" },
  );
  const pluginContext = appContext({ namespace: "org-2", jsonData: { a: 1 } });
  const request = { pluginContext, method: "GET", path: "x", url: "x", headers: {}, body: new Uint8Array() };
  for await (const { code, body } of plugin.stream("callResource", request)) {
    expect({ code, body: JSON.parse(new TextDecoder().decode(body)) as unknown }).toEqual({
      code: 200,
      body: { path: "/x", namespace: "org-2", jsonData: { a: 1 } },
    });
  }
  expect(await plugin.call("checkHealth", { pluginContext, headers: {} })).toMatchObject({ status: HealthStatus.OK });
  // No settings at all: told, not crashed.
  expect(await plugin.call("checkHealth", { pluginContext: baseContext(), headers: {} })).toMatchObject({ status: HealthStatus.ERROR });
  await expect(plugin.call("queryData", queryRequest(pluginContext, [{ refId: "A" }], { from: 0, to: 1 }))).rejects.toMatchObject({
    code: GrpcCode.Unimplemented,
  });
  expect(await plugin.stop()).toBe(0);
  expect(plugin.log.join("\n")).toMatch(/"@message":"made".*"namespace":"org-2"/);
  expect(plugin.log.join("\n")).toContain('"@message":"disposed"');
});

test("a process that no host started says so and ends with 1", () => {
  const main = fileURLToPath(new URL("../../../plugins/grafana-testdata-datasource/src/main.ts", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, ["--conditions=source", "--import", import.meta.resolve("tsx"), main], {
    env: {},
    encoding: "utf8",
  });
  expect(status).toBe(1);
  expect(stderr).toContain("plugin");
});

/** Writes to a socket and waits until the other side is done with it, or has kept silent for a while. */
async function sendBytes(address: RunningPlugin["address"], bytes: string): Promise<void> {
  const socket = connect(address.network === "unix" ? { path: address.path } : { host: address.host, port: address.port });
  socket.on("error", () => undefined);
  socket.write(bytes, "latin1");
  await Promise.race([once(socket, "close"), new Promise((resolve) => setTimeout(resolve, 200))]);
  socket.destroy();
}
