import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startRealPlugins } from "../testing/a-real-plugin.js";
import { aDataPlaneService, startAggregator } from "../testing/start-aggregator.js";

/** Built by conformance/build-tools.sh; without Go there is none. */
const directory = fileURLToPath(new URL("../../../../.cache/tools/testplugin/acme-testplugin-datasource", import.meta.url));
const id = "acme-testplugin-datasource";
const base = "/apis/acme.example.com/v1/namespaces/default/datasources/main";

/** The plugin's SDK gives a handler the path and the URL as they came over gRPC. */
const cases: readonly (readonly [method: string, target: string, path: string, url: string])[] = [
  ["GET", "resources", "", ""],
  ["GET", "resources/", "", ""],
  ["GET", "resources/a", "a", "a"],
  ["HEAD", "resources/a", "", ""],
  ["OPTIONS", "resources/a", "a", "a"],
  ["PROPFIND", "resources/a", "a", "a"],
  ["DELETE", "resources/a/b/", "a/b/", "a/b/"],
  ["POST", "resources/a%20b?q=%20;+", "a b", "a%20b?q=%20;+"],
  ["PUT", "resources/a+b;c=1,2@:x", "a+b;c=1,2@:x", "a+b;c=1,2@%3Ax"],
  ["PATCH", "resources/%C3%BC/%E2%98%83", "ü/☃", "%C3%BC/%E2%98%83"],
  ["GET", "resources/100%25/why%3F/c%23", "100%25/why%3F/c%23", "100%25/why%3F/c%23"],
  ["GET", "reports/7", "datasources/main/reports/7", "datasources/main/reports/7"],
  ["GET", "reports/7/x/y?a=b", "datasources/main/reports/7/x/y", "datasources/main/reports/7/x/y?a=b"],
];

test.skipIf(!existsSync(directory))("methods and paths reach a data source plugin of the official Go SDK", async () => {
  await using real = await startRealPlugins(directory);
  const serves = [{ type: "route", path: "datasources/{uid}/reports/*", method: "GET" }];
  const services = [aDataPlaneService({ plugin: id, group: "acme.example.com", version: "v1", serves })];
  const { send } = startAggregator({ plugins: real.plugins.list(), services });
  const echoes: unknown[] = [];
  for (const [method, target] of cases) {
    const { status, text } = await send(method, `${base}/${target}`, { rawHeaders: ["X-Many", "1", "X-Many", "2"] });
    const { method: told, path, url, headers } = (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
    echoes.push([
      target,
      status,
      told ?? method,
      path ?? "",
      url ?? "",
      method === "HEAD" ? undefined : (headers as { "X-Many": unknown })["X-Many"],
    ]);
  }
  expect(echoes).toEqual(cases.map(([method, target, path, url]) => [target, 200, method, path, url, method === "HEAD" ? undefined : ["1", "2"]]));
  expect((await send("POST", `${base}/reports/7`)).status).toBe(405);
});
