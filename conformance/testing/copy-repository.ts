import { cpSync, symlinkSync } from "node:fs";
import path from "node:path";
import { root } from "./root.js";
import { temporaryFolder } from "./start-server.js";

const left = new Set(["node_modules", ".git", ".cache", "data", "conformance", "bench", "custom.ini"]);

/** The built repository at another place, with default configuration and no data yet; dependencies are those of the original. */
export function copyRepository(): string {
  const copy = temporaryFolder("copy");
  cpSync(root, copy, { recursive: true, filter: (source) => source === root || !left.has(path.basename(source)) });
  cpSync(path.join(root, ".cache", "built-sources"), path.join(copy, ".cache", "built-sources"));
  symlinkSync(path.join(root, "node_modules"), path.join(copy, "node_modules"));
  return copy;
}
