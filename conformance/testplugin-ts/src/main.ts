import { serveDataSource } from "@dataplane/plugin-sdk";
import { testPlugin } from "./test-plugin.js";

await serveDataSource(testPlugin);
