import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import path from "node:path";
import type { ProvisionedEntry, ProvisionedKind, ProvisioningFile } from "./provisioned-kind.js";
import { ProvisioningError } from "./provisioning-error.js";
import { readText } from "./read-text.js";

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
  readonly problems: readonly FolderProblem[];
}

export interface FolderProblem {
  readonly file: string;
  readonly why: string;
  /** True when it is gone after a while, without anybody's doing. */
  readonly isPassing?: boolean;
}

/** Reads all `*.yaml` and `*.yml` of a folder, links followed. A missing folder is an empty one; a broken file is a problem, not a failure. */
export async function readProvisioningFolder(
  directory: string,
  { kind, env }: { readonly kind: ProvisionedKind; readonly env: NodeJS.ProcessEnv },
): Promise<ReadFolder> {
  const files: ReadFile[] = [];
  const problems: FolderProblem[] = [];
  const taken = new Taken(kind);
  const attempt = async (file: string, read: () => Promise<void>): Promise<void> => {
    try {
      await read();
    } catch (error) {
      problems.push({ file, why: reasonOf(error) });
    }
  };
  await attempt(directory, async () => {
    for (const name of await yamlNames(directory)) {
      await attempt(name, async () => {
        const content = parsed(await readText(path.join(directory, name)), { kind, env });
        taken.add(name, content.entries);
        files.push({ name, content, hash: createHash("sha256").update(JSON.stringify(content)).digest("hex") });
      });
    }
  });
  return { directory, files, problems };
}

/** Names of the files that are read, sorted. Empty when there is no such folder. */
export async function yamlNames(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => /\.ya?ml$/.test(name)).sort();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

/** An empty file is most often one that a program is about to fill: it must not be read as a wish for nothing. */
function parsed(text: string, { kind, env }: { readonly kind: ProvisionedKind; readonly env: NodeJS.ProcessEnv }): ProvisioningFile {
  if (text.trim() === "") throw new ProvisioningError("it is empty");
  return kind.parse(text, env);
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
