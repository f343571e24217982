import { basename, resolve } from "node:path";
import { type Command, type CommandArguments, UsageError } from "../command.js";
import type { PluginIdentity } from "../create-plugin/plugin-identity.js";
import { filesOf, requireEmpty, writeProject } from "../create-plugin/scaffold.js";
import { vendorSdk } from "../create-plugin/vendor-sdk.js";

/** A new project of a backend plugin in TypeScript. */
export const createPlugin: Command = {
  name: "create plugin",
  parameters: "<folder> [--type datasource|app] [--id ID] [--name NAME] [--author NAME] [--skip-sdk]",
  summary: "write a TypeScript plugin project whose test passes",
  options: {
    type: { type: "string", default: "datasource" },
    id: { type: "string" },
    name: { type: "string" },
    author: { type: "string" },
    "skip-sdk": { type: "boolean" },
  },
  async run(args, { cwd, root, stdout }) {
    const [folder, ...rest] = args.positionals;
    if (folder === undefined || rest.length > 0) throw new UsageError("name one folder, which is made");
    const target = resolve(cwd, folder);
    const identity = identityOf(basename(target), args.values);
    await requireEmpty(target);
    const sdk = args.values["skip-sdk"] === true ? {} : await vendorSdk(root, target);
    await writeProject(target, filesOf(identity, sdk));
    stdout(`${identity.id} is in ${target}. Next:`);
    stdout(`  cd ${folder} && npm install && npm test`);
    return 0;
  },
};

function identityOf(folder: string, values: CommandArguments["values"]): PluginIdentity {
  const type = values["type"];
  if (type !== "datasource" && type !== "app") throw new UsageError("--type is datasource or app");
  const slug = folder
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "")
    .join("-");
  const id = textOf(values["id"]) ?? (slug.endsWith(`-${type}`) ? slug : `${slug}-${type}`);
  // The id becomes part of an API group and of file names.
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(id))
    throw new UsageError(`--id must be lower-case letters, digits and '-', not ${JSON.stringify(id)}`);
  return { id, type, name: textOf(values["name"]) ?? titleOf(slug), author: textOf(values["author"]) ?? "" };
}

const textOf = (value: CommandArguments["values"][string]): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

const titleOf = (slug: string): string =>
  slug
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ");
