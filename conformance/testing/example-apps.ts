import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Json } from "./call.js";
import { root } from "./root.js";

/** The apps of examples/apps, and what their manifests declare. */
export const exampleApps = [
  { app: "scope", group: "scope.ext.grafana.app", versions: ["v1"], resources: ["scopes", "scopenodes"] },
  { app: "slo", group: "slo.ext.grafana.app", versions: ["v1"], resources: ["slos"] },
  { app: "dashboard", group: "dashboard.ext.grafana.app", versions: ["v1alpha1", "v1beta1"], resources: ["dashboards"] },
] as const;

/** Puts them where a server with that data folder looks; its parameters name a file for the calls of each. */
export function installExampleApps(dataPath: string): { readonly parameters: readonly string[]; readonly calls: (app: string) => readonly Json[] } {
  execFileSync(process.execPath, [path.join(root, "examples/apps/build.mjs"), path.join(dataPath, "plugins")]);
  const file = (app: string): string => path.join(dataPath, `calls-${app}.jsonl`);
  return {
    parameters: exampleApps.map(({ app }) => `cfg:plugin.example-${app}-app.call_log=${file(app)}`),
    calls(app) {
      if (!existsSync(file(app))) return [];
      const lines = readFileSync(file(app), "utf8").split("\n");
      return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Json);
    },
  };
}
