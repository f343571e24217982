import { expect, test } from "vitest";
import { loadConfig } from "../config/load-config.js";
import { dividedLimits } from "./divided-limits.js";

test("each worker has its share of what is bounded for the server, rounded up, and no limit stays none", () => {
  const overrides = ["server.workers=3"];
  const config = { ...loadConfig({ root: "/nowhere", file: undefined, env: {}, overrides }), maxInFlightPerDataSource: 100, ratePerUser: 0 };
  expect(dividedLimits(config)).toMatchObject({ maxInFlightPerDataSource: 34, ratePerUser: 0, workers: 3, httpPort: config.httpPort });
});
