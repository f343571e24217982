// Bundles the plugin into a folder that a host can load: node build.mjs <folder>.
import { bundlePlugin } from "../testing/bundle-plugin.mjs";

await bundlePlugin({ source: import.meta.dirname, id: "acme-testplugin-ts-app", entry: "main.ts", executable: "gpx_testplugin_ts_app" });
