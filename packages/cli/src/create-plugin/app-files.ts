import { executableOf, type PluginIdentity, type ProjectFile } from "./plugin-identity.js";

/** The code of a new app: a greeting over HTTP. */
export function appFiles(identity: PluginIdentity): readonly ProjectFile[] {
  return [
    { path: "src/main.ts", text: main },
    { path: "src/plugin.ts", text: plugin },
    { path: "src/plugin.test.ts", text: test(identity) },
  ];
}

/** Not written out in the texts below: whoever looks for what this package imports would take it for that. */
const sdk = "@dataplane/plugin-sdk";

const main = `import { serveApp } from "${sdk}";
import { plugin } from "./plugin.js";

await serveApp(plugin);
`;

const plugin = `import { type AppPlugin, jsonResponse, readString, resourceRouter, route } from "${sdk}";

export const plugin: AppPlugin = {
  // Once for each namespace, and again when the app's settings there change.
  createInstance({ jsonData }, { namespace }) {
    const greeting = readString(jsonData, "greeting", "Hello");
    return {
      callResource: resourceRouter([
        route("GET", "/hello/{name}", ({ params }) => jsonResponse({ text: \`\${greeting}, \${params["name"] ?? ""}\`, namespace })),
      ]),
      checkHealth: () => ({ status: "ok", message: "ready to greet" }),
    };
  },
};
`;

const test = (identity: PluginIdentity): string => `import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { appContext, HealthStatus, type RunningPlugin, startPlugin } from "${sdk}/testing";

const pluginContext = appContext({ pluginId: "${identity.id}", jsonData: { greeting: "Moin" } });

let plugin: RunningPlugin;
before(async () => {
  // The built plugin as a process of its own, as a host starts it.
  plugin = await startPlugin({ file: "dist/${executableOf(identity)}_linux_amd64", autoMtls: true });
});
after(async () => {
  assert.equal(await plugin.stop(), 0);
});

test("it greets", async () => {
  const request = { pluginContext, method: "GET", path: "hello/Ann", url: "hello/Ann", headers: {}, body: new Uint8Array() };
  for await (const { code, body } of plugin.stream("callResource", request)) {
    assert.equal(code, 200);
    assert.deepEqual(JSON.parse(new TextDecoder().decode(body)), { text: "Moin, Ann", namespace: "default" });
  }
});

test("it is healthy", async () => {
  assert.equal((await plugin.call("checkHealth", { pluginContext, headers: {} })).status, HealthStatus.OK);
});
`;
