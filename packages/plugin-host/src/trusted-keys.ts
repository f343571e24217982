import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * The armoured PGP public keys of files, and of the files in folders. Throws an Error that names what holds no public key: a
 * key that an operator meant to trust must not be missing in silence, and a private one has no place on a server.
 */
export function readTrustedKeys(paths: readonly string[]): readonly string[] {
  return paths.flatMap(filesAt).map((file) => {
    const text = readFileSync(file, "utf8");
    if (text.includes("BEGIN PGP PRIVATE KEY BLOCK")) throw new Error(`${file} holds a private key: only public ones belong here`);
    if (!text.includes("BEGIN PGP PUBLIC KEY BLOCK")) throw new Error(`${file} holds no armoured PGP public key`);
    return text;
  });
}

function filesAt(path: string): readonly string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => /\.(asc|pub|pgp|gpg|txt)$/.test(name))
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name) => join(path, name));
}
