import { defineConfig } from "vitest/config";

// The built server, as processes, from outside: no "source" condition. One file at a time: some take the default ports, and all take time.
export default defineConfig({
  test: {
    include: ["conformance/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
  },
});
