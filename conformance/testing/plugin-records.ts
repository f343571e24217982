import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** What a server keeps of a plugin that it started. */
export interface PluginRecord {
  readonly pluginId: string;
  readonly pid: number;
  readonly socketDirectory: string;
}

/** The plugins that run for the data folder; undefined while there are fewer than `atLeast`. */
export function pluginRecords(dataPath: string, atLeast: number): readonly PluginRecord[] | undefined {
  const folder = path.join(dataPath, "run", "plugins");
  const records = readdirSync(folder).map((name) => {
    const record = JSON.parse(readFileSync(path.join(folder, name), "utf8")) as Omit<PluginRecord, "pluginId">;
    return { ...record, pluginId: path.basename(name, ".json") };
  });
  return records.length >= atLeast ? records : undefined;
}
