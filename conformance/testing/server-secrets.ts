import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** What looks like a key in a text: its long words. */
export const linesOf = (text: string): readonly string[] => text.match(/[\w+/.-]{30,}/g) ?? [];

/** The token of a kubeconfig; empty when it has none. */
export const tokenOf = (kubeconfig: string): string => /token: "?([\w.-]+)/.exec(readFileSync(kubeconfig, "utf8"))?.[1] ?? "";

/** The server's own keys, and what its users' passwords were made to. */
export const keysOf = (dataPath: string): readonly string[] =>
  ["ca.key", "secrets.key", "serving.key", "token-signing.key", "users.json"].flatMap((name) =>
    linesOf(readFileSync(path.join(dataPath, "keys", name), "utf8")),
  );

/** Tokens and keys that the server keeps for its plugins and for itself while it runs. */
export function runSecrets(folder: string): readonly string[] {
  const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((it) => it.isFile());
  const texts = files.map((it) => readFileSync(path.join(it.parentPath, it.name), "utf8"));
  const pems = texts.flatMap((it) => it.match(/-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+/g) ?? []);
  return [...texts.flatMap((it) => it.match(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g) ?? []), ...pems.flatMap(linesOf)];
}
