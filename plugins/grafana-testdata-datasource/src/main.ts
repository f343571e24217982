import { serveDataSource } from "@dataplane/plugin-sdk";
import { testDataPlugin } from "./test-data-plugin.js";

await serveDataSource(testDataPlugin);
