// Bundles the plugin into a folder that a host can load: node build.mjs <folder>.
import { bundlePlugin, targetFolder } from "../../../tools/bundle-plugin.mjs";

await bundlePlugin({ source: import.meta.dirname, target: targetFolder(), entry: "main.ts" });
