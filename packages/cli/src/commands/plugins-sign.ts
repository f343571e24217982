import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type SignatureType, signPlugin } from "@dataplane/plugin-host";
import { type Command, UsageError } from "../command.js";
import { pluginFolderOf } from "../plugin-folder.js";

const passphraseName = "DATAPLANE_SIGNING_PASSPHRASE";
const types: readonly SignatureType[] = ["private", "private-glob", "community", "commercial"];

/** Writes MANIFEST.txt with the hash of each file, signed, as Grafana's manifests are. */
export const pluginsSign: Command = {
  name: "plugins sign",
  parameters: "<folder> --key FILE [--root-url URL ...] [--type private|private-glob|community|commercial] [--org NAME]",
  summary: `write MANIFEST.txt; the key's passphrase, if any, is in ${passphraseName}`,
  options: {
    key: { type: "string" },
    "root-url": { type: "string", multiple: true },
    type: { type: "string" },
    org: { type: "string" },
  },
  async run(args, { cwd, env, stdout }) {
    const { key, org, type } = args.values;
    if (typeof key !== "string") throw new UsageError("--key names the file of an armoured PGP private key");
    const folder = pluginFolderOf(args, cwd);
    const passphrase = env[passphraseName];
    const signatureType = types.find((it) => it === type);
    if (type !== undefined && signatureType === undefined) throw new UsageError(`--type is one of ${types.join(", ")}`);
    const rootUrls = listOf(args.values["root-url"]);
    for (const url of rootUrls) if (signatureType !== "private-glob" && !URL.canParse(url)) throw new UsageError(`--root-url ${url} is no URL`);
    const signingKey = { privateKey: await readFile(resolve(cwd, key), "utf8"), ...(passphrase === undefined ? {} : { passphrase }) };
    const manifest = await signPlugin(folder.path, signingKey, {
      ...(signatureType === undefined ? {} : { signatureType }),
      ...(typeof org === "string" ? { signedByOrg: org } : {}),
      rootUrls,
      now: new Date(),
    });
    stdout(`${folder.path}: ${manifest.files.size} files signed (${manifest.signatureType}) by key ${manifest.keyId}`);
    return 0;
  },
};

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((it) => typeof it === "string") : [];
}
