import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadKernels, WORK } from "./wasm-kernels.js";

test("the embedded module is the one that the sources in assembly/ compile to", { timeout: 60_000 }, () => {
  const script = fileURLToPath(new URL("../assembly/generate.mjs", import.meta.url));
  expect(() => execFileSync(process.execPath, [script, "--check"])).not.toThrow();
});

test("the module is compiled once and its own data ends before the room for calls", () => {
  expect(loadKernels()).toBe(loadKernels());
  expect(WORK).toBeLessThan(loadKernels().memory.buffer.byteLength);
});
