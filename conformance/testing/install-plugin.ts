import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Need } from "./needs.js";
import { root, tools } from "./root.js";

/** Id of the Go plugin in conformance/testplugin. */
export const goTestPlugin = "acme-testplugin-datasource";

const built = path.join(tools, "testplugin", goTestPlugin);

export const needsGoTestPlugin: Need = {
  name: "the Go test plugin (conformance/build-tools.sh builds it)",
  isThere: () => existsSync(path.join(built, "plugin.json")),
};

/** An app plugin for tests: of the official Go SDK, and of ours. */
export interface TestApp {
  readonly id: string;
  readonly needs: readonly Need[];
  /** Puts it where a server with that data folder looks. */
  install(dataPath: string): void;
}

const builtApp = path.join(tools, "testplugin-app", "acme-testplugin-app");

export const goTestApp: TestApp = {
  id: "acme-testplugin-app",
  needs: [{ name: "the Go test app (conformance/build-tools.sh builds it)", isThere: () => existsSync(path.join(builtApp, "plugin.json")) }],
  install: (dataPath) => cpSync(builtApp, path.join(dataPath, "plugins", "acme-testplugin-app"), { recursive: true }),
};

export const sdkTestApp: TestApp = {
  id: "acme-testplugin-ts-app",
  needs: [],
  install: (dataPath) => {
    execFileSync(process.execPath, [path.join(root, "conformance/testplugin-ts-app/build.mjs"), path.join(dataPath, "plugins")]);
  },
};

/** What a server needs to load the plugins of these tests. */
export const unsignedPluginsAllowed = { GF_DEFAULT_APP_MODE: "development" };

/** Copies the Go test plugin to where a server with that data folder looks. */
export function installGoTestPlugin(dataPath: string): void {
  cpSync(built, path.join(dataPath, "plugins", goTestPlugin), { recursive: true });
}

/** A plugin whose executable is that JavaScript (CommonJS); one without an executable when there is none. */
export function installPlugin(dataPath: string, id: string, script?: string): void {
  const folder = path.join(dataPath, "plugins", id);
  mkdirSync(folder, { recursive: true });
  const description = { id, type: "datasource", name: id, backend: true, executable: "gpx", info: { version: "1.0.0" } };
  writeFileSync(path.join(folder, "plugin.json"), JSON.stringify(description));
  if (script === undefined) return;
  const goArchitecture = process.arch === "x64" ? "amd64" : process.arch;
  writeFileSync(path.join(folder, `gpx_${process.platform}_${goArchitecture}`), `#!/usr/bin/env node\n${script}`, { mode: 0o755 });
}

/** Ends at once, whenever it is started. */
export const crashingPlugin = "process.exit(3);";

/** Never says that it is there. */
export const silentPlugin = "setInterval(() => undefined, 1000);";

/** Starts and is healthy, but answers each call with bytes that are no message. */
export const garbagePlugin = `
const http2 = require("node:http2");
const server = http2.createServer();
server.on("stream", (stream, headers) => {
  const healthy = headers[":path"] === "/grpc.health.v1.Health/Check";
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(Buffer.from(healthy ? [0, 0, 0, 0, 2, 8, 1] : [0, 0, 0, 0, 4, 255, 255, 255, 255]));
});
server.listen(0, "127.0.0.1", () => console.log("1|2|tcp|127.0.0.1:" + server.address().port + "|grpc"));
`;
