import type { ApiClient } from "@dataplane/client";
import { ApiError, type Logger } from "@dataplane/meta";
import type { PluginSource } from "@dataplane/plugin-host";
import type { ProvisionedEntry, ProvisionedKind } from "./provisioned-kind.js";
import { keyOf, ProvisionedObjects } from "./provisioned-objects.js";
import type { ReadFile, ReadFolder } from "./provisioning-folder.js";

export interface FileApplierOptions {
  readonly kind: ProvisionedKind;
  readonly client: ApiClient;
  readonly plugins: PluginSource;
  readonly othersHaveFiles?: boolean;
  readonly logger: Logger;
}

/** How far a file is applied, as it stands. */
interface Progress {
  readonly hash: string;
  /** Objects that were written: a user's later edit is let alone until the file changes. */
  readonly written: Set<string>;
  isComplete: boolean;
}

/** Applies provisioning files, each as a whole or not at all; only what has no plugin yet waits alone. */
export class FileApplier {
  readonly #kind: ProvisionedKind;
  readonly #objects: ProvisionedObjects;
  readonly #logger: Logger;
  readonly #progress = new Map<string, Progress>();
  /** What the log was last told of a file: a line is not said again at each look. */
  readonly #told = new Map<string, string>();
  /** Files that were here since the start; undefined where nobody else has any. */
  readonly #seen: Set<string> | undefined;
  #isWaiting = false;

  constructor({ kind, client, plugins, othersHaveFiles, logger }: FileApplierOptions) {
    this.#seen = othersHaveFiles === true ? new Set() : undefined;
    this.#kind = kind;
    this.#objects = new ProvisionedObjects({ client, plugins, kind });
    this.#logger = logger;
  }

  /** True while something is not applied that may be later, without a change of the folder. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  async apply({ directory, files, problems }: ReadFolder): Promise<void> {
    this.#isWaiting = false;
    this.#forgetAllBut(new Set([directory, ...files.map(({ name }) => name), ...problems.map(({ file }) => file)]));
    for (const { file, why, isPassing } of problems) {
      if (isPassing === true) this.#wait(file, why);
      else this.#refuse(file, why);
    }
    const kept = new Set(files.flatMap(({ content }) => content.entries.map(keyOf)));
    for (const file of files) await this.#attempt(file.name, () => this.#applyFile(file, kept));
    // What a broken file lists is not known: nothing is missing for sure.
    if (problems.length === 0) await this.#attempt(directory, () => this.#prune({ directory, files, problems }, kept));
  }

  async #prune({ directory, files }: ReadFolder, kept: ReadonlySet<string>): Promise<void> {
    for (const { name } of files) this.#seen?.add(name);
    const spared = new Set(files.filter(({ content }) => content.isBlank).map(({ name }) => name));
    await this.#objects.prune(kept, (file) => !spared.has(file) && this.#seen?.has(file) !== false);
    this.#told.delete(directory);
  }

  async #applyFile(file: ReadFile, kept: ReadonlySet<string>): Promise<void> {
    const progress = this.#progressOf(file);
    if (progress.isComplete) return;
    const { entries, deletions } = file.content;
    const pending = entries.filter((it) => !progress.written.has(keyOf(it)));
    for (const namespace of new Set(pending.map((it) => it.namespace))) await this.#objects.ensureNamespace(namespace);
    const { ready, missing } = await this.#tried(file, pending);
    for (const deletion of deletions) await this.#objects.deleteNamed(deletion, kept);
    for (const entry of ready) if (await this.#write(file, entry, { dryRun: false })) progress.written.add(keyOf(entry));
    progress.isComplete = progress.written.size === entries.length;
    if (progress.isComplete) this.#told.delete(file.name);
    else this.#wait(file.name, `no such ${this.#kind.words} plugin is here: ${missing.join(", ")}`);
  }

  /** All as dry runs first: one that is refused leaves the file's others as they were. */
  async #tried(file: ReadFile, pending: readonly ProvisionedEntry[]): Promise<{ ready: ProvisionedEntry[]; missing: readonly string[] }> {
    const ready: ProvisionedEntry[] = [];
    const missing = new Set<string>();
    for (const entry of pending) {
      if (await this.#write(file, entry, { dryRun: true })) ready.push(entry);
      else missing.add(entry.pluginId);
    }
    return { ready, missing: [...missing] };
  }

  /** False when the plugin's group is not served. Throws Refused, or an ApiError that may pass. */
  async #write({ name, content }: ReadFile, entry: ProvisionedEntry, { dryRun }: { readonly dryRun: boolean }): Promise<boolean> {
    const resource = this.#kind.resourceOf(entry.pluginId);
    if (resource === undefined) return false;
    try {
      await this.#objects.apply(resource, entry, { file: name, prune: content.prune, dryRun });
      return true;
    } catch (thrown) {
      const { reason, message } = ApiError.from(thrown);
      if (reason === "NotFound") return false;
      if (passing.has(reason)) throw thrown;
      const why = reason === "AlreadyExists" ? `the uid is that of another plugin's data source in ${entry.namespace}` : message;
      throw new Refused(`${this.#kind.words} ${JSON.stringify(entry.name)}: ${why}`);
    }
  }

  #progressOf({ name, hash }: ReadFile): Progress {
    const known = this.#progress.get(name);
    if (known?.hash === hash) return known;
    const fresh: Progress = { hash, written: new Set(), isComplete: false };
    this.#progress.set(name, fresh);
    return fresh;
  }

  #forgetAllBut(names: ReadonlySet<string>): void {
    for (const memory of [this.#progress, this.#told]) for (const name of [...memory.keys()]) if (!names.has(name)) memory.delete(name);
  }

  async #attempt(file: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      if (thrown instanceof Refused) this.#refuse(file, thrown.message);
      else this.#wait(file, ApiError.from(thrown).message);
    }
  }

  #refuse(file: string, why: string): void {
    // As it was before: when the file is mended, all of it is applied again.
    this.#progress.delete(file);
    if (this.#isNews(file, why)) this.#logger.error({ file, why }, "a provisioning file cannot be used; nothing of it was changed");
  }

  #wait(file: string, why: string): void {
    this.#isWaiting = true;
    if (this.#isNews(file, why)) this.#logger.warn({ file, why }, "a provisioning file is not wholly applied yet; it is tried again");
  }

  #isNews(file: string, why: string): boolean {
    const isNews = this.#told.get(file) !== why;
    this.#told.set(file, why);
    return isNews;
  }
}

/** The API server refuses what a file says; only a change of the file helps. */
class Refused extends Error {
  override readonly name = "Refused";
}

const passing: ReadonlySet<string> = new Set(["ServiceUnavailable", "Timeout", "TooManyRequests", "Conflict", "InternalError"]);
