// Bundles the three apps into a folder that a server can load: node examples/apps/build.mjs <folder>.
import path from "node:path";
import { bundlePlugin, targetFolder } from "../../tools/bundle-plugin.mjs";

for (const app of ["scope-app", "slo-app", "dashboard-app"]) {
  const source = path.join(import.meta.dirname, app);
  await bundlePlugin({ source, target: targetFolder(), entry: "src/main.ts", files: ["app-manifest.yaml", "definitions"] });
}
