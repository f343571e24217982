import { relative } from "node:path";
import { type Command, UsageError } from "../command.js";
import { pluginsFolder, pluginsFolderOptions, pluginsIn, signatureOf } from "../installed-plugins.js";

/** What lies in the folder of plugins, and what of it cannot be used. */
export const pluginsLs: Command = {
  name: "plugins ls",
  parameters: "[-o json] [--plugins-dir FOLDER] [--trusted-key FILE ...]",
  summary: "list the installed plugins, with their signatures",
  options: { ...pluginsFolderOptions, output: { type: "string", short: "o" } },
  async run(args, context) {
    const { output } = args.values;
    if (output !== undefined && output !== "json") throw new UsageError("-o is json, or is left out");
    const folder = pluginsFolder(args, context);
    const { plugins, problems } = pluginsIn(folder);
    const rows = await Promise.all(
      plugins.map(async (plugin) => ({
        id: plugin.json.id,
        type: plugin.json.type,
        version: plugin.json.version,
        signature: (await signatureOf(plugin, args, context)).signature,
        directory: plugin.directory,
      })),
    );
    if (output === "json") context.stdout(JSON.stringify({ plugins: rows, problems }, undefined, 2));
    else if (rows.length === 0) context.stdout(`no plugins in ${folder}`);
    else {
      const lines = rows.map(({ id, type, version, signature, directory }) => [id, type, version, signature, relative(folder, directory)]);
      for (const line of table([["ID", "TYPE", "VERSION", "SIGNATURE", "FOLDER"], ...lines])) context.stdout(line);
    }
    for (const { directory, message } of problems) context.stderr(`${directory}: ${message}`);
    return 0;
  },
};

/** Columns as wide as their widest cell. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
