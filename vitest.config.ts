import { defineConfig } from "vitest/config";

export default defineConfig({
  // Packages export their sources under this condition, so that tests need no build.
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"] } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "plugins/*/src/**/*.test.ts", "tools/**/*.test.ts", "bench/**/*.test.ts", "examples/apps/**/*.test.ts"],
    exclude: ["**/dist/**", "**/node_modules/**"],
    maxWorkers: 2,
    // A hang is what these find. How fast something is, bench says: the machine of a test may be busy with anything else.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 15_000 } },
  },
});
