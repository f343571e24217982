import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { ProvisionedEntry, ProvisionedKind, ProvisioningFile } from "./provisioned-kind.js";
import { ProvisioningError } from "./provisioning-error.js";

export interface ReadFile {
  readonly name: string;
  readonly content: ProvisioningFile;
  /** Of what the file says, variables expanded. */
  readonly hash: string;
}

export interface ReadFolder {
  readonly directory: string;
  /** In the order of their names. */
  readonly files: readonly ReadFile[];
  /** Files, or the folder itself, that cannot be used. */
  readonly problems: readonly { readonly file: string; readonly why: string }[];
}

const fileLimitBytes = 4 * 1024 * 1024;

/** Reads all `*.yaml` and `*.yml` of a folder, links followed. A missing folder is an empty one; a broken file is a problem, not a failure. */
export async function readProvisioningFolder(
  directory: string,
  { kind, env }: { readonly kind: ProvisionedKind; readonly env: NodeJS.ProcessEnv },
): Promise<ReadFolder> {
  const files: ReadFile[] = [];
  const problems: { readonly file: string; readonly why: string }[] = [];
  const taken = new Taken(kind);
  const attempt = async (file: string, read: () => Promise<void>): Promise<void> => {
    try {
      await read();
    } catch (error) {
      problems.push({ file, why: reasonOf(error) });
    }
  };
  await attempt(directory, async () => {
    for (const name of await fileNames(directory)) {
      await attempt(name, async () => {
        const content = kind.parse(await textOf(path.join(directory, name)), env);
        taken.add(name, content.entries);
        files.push({ name, content, hash: createHash("sha256").update(JSON.stringify(content)).digest("hex") });
      });
    }
  });
  return { directory, files, problems };
}

/** Changes when a file of the folder does, as far as the file system tells without reading it. */
export async function folderState(directory: string): Promise<string> {
  const names = await fileNames(directory).catch(() => []);
  const states = await Promise.all(
    names.map(async (name) => {
      const found = await stat(path.join(directory, name)).catch(() => undefined);
      return [name, found?.ino, found?.size, found?.mtimeMs];
    }),
  );
  return JSON.stringify(states);
}

async function fileNames(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => /\.ya?ml$/.test(name)).sort();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

async function textOf(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size > fileLimitBytes) throw new ProvisioningError(`larger than ${fileLimitBytes} bytes`);
  return readFile(file, "utf8");
}

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "");

function reasonOf(error: unknown): string {
  if (error instanceof ProvisioningError) return error.message;
  return codeOf(error) === "" ? "it cannot be read" : `it cannot be read (${codeOf(error)})`;
}

/** What the files of a folder claim: a name once in a namespace, one default data source in a namespace. */
class Taken {
  readonly #kind: ProvisionedKind;
  readonly #uids = new Map<string, string>();
  readonly #defaults = new Map<string, string>();

  constructor(kind: ProvisionedKind) {
    this.#kind = kind;
  }

  /** Throws ProvisioningError, and then keeps nothing of the file. */
  add(file: string, entries: readonly ProvisionedEntry[]): void {
    const { words, nameWords } = this.#kind;
    const uids = new Map(this.#uids);
    const defaults = new Map(this.#defaults);
    for (const { namespace, name, spec } of entries) {
      claim(uids, { key: `${namespace}/${name}`, file, what: `two ${words}s of ${namespace} have the ${nameWords} ${JSON.stringify(name)}` });
      if (spec["isDefault"] === true) claim(defaults, { key: namespace, file, what: `two ${words}s of ${namespace} are the default` });
    }
    for (const [key, by] of uids) this.#uids.set(key, by);
    for (const [key, by] of defaults) this.#defaults.set(key, by);
  }
}

function claim(claims: Map<string, string>, { key, file, what }: { readonly key: string; readonly file: string; readonly what: string }): void {
  const other = claims.get(key);
  if (other !== undefined) throw new ProvisioningError(other === file ? what : `${what}; the other one is in ${other}`);
  claims.set(key, file);
}
