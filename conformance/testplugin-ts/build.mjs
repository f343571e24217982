// Bundles the plugin into a folder that a host can load: node build.mjs <folder>.
import { bundlePlugin } from "../testing/bundle-plugin.mjs";

await bundlePlugin({ source: import.meta.dirname, id: "acme-testplugin-ts-datasource", entry: "src/main.ts", executable: "gpx_testplugin" });
