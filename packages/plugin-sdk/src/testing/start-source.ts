import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type RunningPlugin, startPlugin } from "./start-plugin.js";

/** Runs a plugin that is given as TypeScript text. `stop` also removes its folder. */
export async function startSource(code: string, env: Readonly<Record<string, string>> = {}): Promise<RunningPlugin> {
  // Inside the repository, so that its imports resolve.
  const cache = fileURLToPath(new URL("../../../../.cache/", import.meta.url));
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "plugin-"));
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(join(folder, "main.ts"), code);
  const nodeOptions = ["--conditions=source", "--import", import.meta.resolve("tsx")];
  const plugin = await startPlugin({ file: join(folder, "main.ts"), nodeOptions, env });
  const stop = async () => {
    const exitCode = await plugin.stop();
    await rm(folder, { recursive: true, force: true });
    return exitCode;
  };
  return {
    ...plugin,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}
