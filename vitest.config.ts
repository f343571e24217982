import { defineConfig } from "vitest/config";

export default defineConfig({
  // Packages export their sources under this condition, so that tests need no build.
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"] } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "plugins/*/src/**/*.test.ts", "tools/**/*.test.ts", "bench/**/*.test.ts", "examples/apps/**/*.test.ts"],
    exclude: ["**/dist/**", "**/node_modules/**"],
    maxWorkers: 2,
    testTimeout: 20_000,
  },
});
