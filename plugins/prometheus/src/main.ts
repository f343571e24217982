import { serveDataSource } from "@dataplane/plugin-sdk";
import { prometheusPlugin } from "./prometheus-plugin.js";

await serveDataSource(prometheusPlugin);
