import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type Command, UsageError } from "../command.js";

/** A key of one's own for `plugins sign`: the private half for the author, the public one for servers that trust the author. */
export const pluginsKeygen: Command = {
  name: "plugins keygen",
  parameters: "<file> --name NAME [--email EMAIL]",
  summary: "write a signing key to <file>, and to <file>.pub what [plugins] trusted_keys takes",
  options: { name: { type: "string" }, email: { type: "string" } },
  async run({ positionals, values }, { cwd, env, stdout }) {
    const [given, ...rest] = positionals;
    const { name, email } = values;
    if (given === undefined || rest.length > 0) throw new UsageError("name one file, which is made");
    if (typeof name !== "string" || name === "") throw new UsageError("--name says who signs");
    const { generateKey } = await import("openpgp");
    const passphrase = env["DATAPLANE_SIGNING_PASSPHRASE"];
    const key = await generateKey({
      userIDs: [{ name, ...(typeof email === "string" ? { email } : {}) }],
      type: "ecc",
      ...(passphrase === undefined ? {} : { passphrase }),
      format: "armored",
    });
    const file = resolve(cwd, given);
    // Never over another key: what it signed could not be signed again.
    await writeFile(file, key.privateKey, { mode: 0o600, flag: "wx" });
    await writeFile(`${file}.pub`, key.publicKey, { flag: "wx" });
    stdout(`${file}: keep it secret${passphrase === undefined ? " (it has no passphrase)" : ""}`);
    stdout(`${file}.pub: for [plugins] trusted_keys of servers that load what you sign`);
    return 0;
  },
};
