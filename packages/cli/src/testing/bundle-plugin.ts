import { build } from "esbuild";
import { writePlugin } from "./write-plugin.js";

/** A plugin folder whose launcher is this TypeScript, with all that it imports inside. */
export async function bundlePlugin(folder: string, id: string, code: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, loader: "ts", resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    conditions: ["source"],
    logLevel: "error",
  });
  return writePlugin(folder, id, outputFiles[0]?.text ?? "");
}
