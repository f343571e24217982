import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { isJsonObject, type JsonValue } from "@dataplane/meta";
import { type Command, type CommandArguments, type CommandContext, UsageError } from "../command.js";
import { pluginFolderOf } from "../plugin-folder.js";
import { type CheckResult, runKit } from "../plugin-test-kit/run-kit.js";
import { queriesOf, type TestInput } from "../plugin-test-kit/test-input.js";

/** Says, rule by rule, whether a plugin in any language keeps the protocol. Prints TAP (https://testanything.org/tap-version-14-specification.html). */
export const pluginsTest: Command = {
  name: "plugins test",
  parameters: "<folder> [--query FILE] [--settings FILE] [--channel PATH] [--resource PATH]",
  summary: "start a plugin as the server does, and check that it keeps the protocol",
  options: { query: { type: "string" }, settings: { type: "string" }, channel: { type: "string" }, resource: { type: "string" } },
  async run(args, context) {
    const folder = pluginFolderOf(args, context.cwd);
    if (!folder.json.backend) throw new UsageError("the plugin has no backend: there is nothing to start");
    const input: TestInput = { json: folder.json, ...(await readInput(args, context)) };
    const counts = { ok: 0, "not ok": 0, skip: 0 };
    context.stdout("TAP version 14");
    let number = 0;
    for await (const result of runKit({ folder, input, signal: context.signal })) {
      number += 1;
      counts[result.outcome] += 1;
      context.stdout(tapLine(number, result));
    }
    context.stdout(`1..${number}`);
    context.stdout(`# ${folder.json.id}: ${counts.ok} ok, ${counts["not ok"]} not ok, ${counts.skip} skipped`);
    return counts["not ok"] === 0 ? 0 : 1;
  },
};

function tapLine(number: number, { outcome, name, why }: CheckResult): string {
  const words = why.replaceAll(/[\r\n]+/g, " ").replaceAll("#", "\\#");
  if (outcome === "skip") return `ok ${number} - ${name} # SKIP ${words}`;
  return `${outcome} ${number} - ${name}${words === "" ? "" : `: ${words}`}`;
}

async function readInput({ values }: CommandArguments, { cwd }: CommandContext): Promise<Omit<TestInput, "json">> {
  const settings = await readJson(values["settings"], cwd);
  if (settings !== undefined && !isJsonObject(settings)) throw new UsageError("the file of --settings must hold an object");
  const query = await readJson(values["query"], cwd);
  const { channel, resource } = values;
  return {
    settings: settings ?? {},
    queries: query === undefined ? [{ refId: "A" }] : queriesOf(query),
    channel: typeof channel === "string" ? channel : undefined,
    resource: typeof resource === "string" ? resource : "protocol-test",
  };
}

async function readJson(file: CommandArguments["values"][string], cwd: string): Promise<JsonValue | undefined> {
  if (typeof file !== "string") return undefined;
  const text = await readFile(resolve(cwd, file), "utf8");
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw new UsageError(`${file} is not JSON`);
  }
}
