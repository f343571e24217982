// Bundles the plugin into a folder that a host can load: node build.mjs <folder>.
import { bundlePlugin } from "../../testing/bundle-plugin.mjs";

await bundlePlugin({ source: import.meta.dirname, id: "acme-whole-app", entry: "main.ts", executable: "gpx_whole_app" });
