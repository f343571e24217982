import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type Clock, isJsonObject, type JsonValue, type Logger } from "@dataplane/meta";
import { watchFolders } from "@dataplane/plugin-host";
import { type Entry, RevisionCompacted, RevisionConflict, RevisionFuture, type Store } from "@dataplane/storage";
import { reservedKey, type ValueCipher } from "@dataplane/storage-encryption";
import { CannotStart } from "../cannot-start.js";
import { writeFileAtomically } from "../write-file.js";
import type { KeyBundle } from "./key-bundles.js";
import { openRootKey } from "./root-key.js";

export interface SharedKeysOptions {
  readonly store: Store;
  /** `[security] secret_key`. */
  readonly secretKey: string;
  /** `data/keys`. */
  readonly directory: string;
  readonly bundles: readonly KeyBundle[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Between two looks at the files; a second unless told. */
  readonly lookMs?: number;
}

/** Names of files with what they hold. */
type Files = Readonly<Record<string, string>>;

/** A bundle as this server and the store have it in common. */
interface Known {
  readonly revision: bigint;
  readonly files: Files;
}

const recordsPrefix = `${reservedKey("keys")}/`;
const keyOf = (name: string): string => reservedKey("keys", name);
const retryMs = 1_000;

/**
 * Keys that all servers of a store have in common. Each bundle of files is a record of the store, sealed under `[security] secret_key`. The first
 * server makes it; what a server has in its files from before is kept aside. While servers run, a file that one changes reaches the others.
 */
export class SharedKeys {
  readonly #options: SharedKeysOptions;
  readonly #cipher: ValueCipher;
  readonly #known = new Map<string, Known>();
  /** What `run` goes on from. */
  #revision = 0n;

  private constructor(options: SharedKeysOptions, cipher: ValueCipher) {
    this.#options = options;
    this.#cipher = cipher;
  }

  /** When this resolves, the files are there as all servers have them. Throws CannotStart for a wrong secret_key; then nothing was written. */
  static async open(options: SharedKeysOptions): Promise<SharedKeys> {
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    const keys = new SharedKeys(options, await openRootKey(options.store, options.secretKey));
    await keys.#takeAll();
    return keys;
  }

  /** Gives the others what was changed in the files here. Who changed the same before wins. */
  async publish(): Promise<void> {
    for (const bundle of this.#options.bundles) await this.#publish(bundle);
  }

  /** Follows files and records until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { directory, bundles, clock, lookMs = 1_000 } = this.#options;
    const paths = bundles.flatMap(({ files }) => files.map((file) => path.join(directory, file)));
    const onSettled = (): Promise<void> => this.publish().catch((error: unknown) => this.#warn(error, "changed keys could not be shared"));
    await Promise.all([watchFolders({ paths: () => paths, onSettled, periodMs: lookMs, clock }, signal), this.#follow(signal)]);
  }

  async #takeAll(): Promise<void> {
    const { store, bundles } = this.#options;
    for (const bundle of bundles) {
      const entry = (await store.get(keyOf(bundle.name))) ?? (await this.#create(bundle));
      await this.#take(bundle, entry, { keepsOld: true });
    }
    this.#revision = await store.revision();
  }

  /** Who comes second takes what the first has made. */
  async #create(bundle: KeyBundle): Promise<Entry> {
    const { store, directory } = this.#options;
    await bundle.make();
    const key = keyOf(bundle.name);
    try {
      return await store.put(key, await this.#sealed(key, filesIn(directory, bundle)), { expected: 0n });
    } catch (error) {
      const made = error instanceof RevisionConflict ? await store.get(key) : undefined;
      if (made === undefined) throw error;
      return made;
    }
  }

  async #take(bundle: KeyBundle, entry: Entry, { keepsOld }: { readonly keepsOld: boolean }): Promise<void> {
    const { directory } = this.#options;
    const files = filesOf(await this.#opened(entry));
    this.#known.set(bundle.name, { revision: entry.revision, files });
    const here = filesIn(directory, bundle);
    // A certificate finds its key there.
    for (const file of bundle.files) {
      const content = files[file];
      if (content === undefined || content === here[file]) continue;
      if (keepsOld) this.#keepAside(file);
      writeFileAtomically(path.join(directory, file), content, file.endsWith(".crt") ? 0o644 : 0o600);
    }
  }

  /** It may be the key of another store that was used here. */
  #keepAside(file: string): void {
    const { directory, clock, logger } = this.#options;
    const from = path.join(directory, file);
    if (!existsSync(from)) return;
    const aside = path.join(directory, `replaced-${clock.now().toISOString().replaceAll(":", "-")}`);
    mkdirSync(aside, { recursive: true, mode: 0o700 });
    copyFileSync(from, path.join(aside, file));
    logger.warn(
      { file, aside },
      "a key of this folder is another one than the servers of the database have in common: theirs is used, this one kept aside",
    );
  }

  async #publish(bundle: KeyBundle): Promise<void> {
    const { store, directory } = this.#options;
    const known = this.#known.get(bundle.name);
    const files = filesIn(directory, bundle);
    if (known === undefined || bundle.files.some((file) => files[file] === undefined) || isSame(files, known.files)) return;
    const key = keyOf(bundle.name);
    try {
      const { revision } = await store.put(key, await this.#sealed(key, files), { expected: known.revision });
      this.#known.set(bundle.name, { revision, files });
    } catch (error) {
      // The other change is on its way here.
      if (!(error instanceof RevisionConflict)) throw error;
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#takeChanges(signal);
        return;
      } catch (error) {
        if (!hasAborted(signal)) await this.#recover(error, signal);
      }
    }
  }

  async #takeChanges(signal: AbortSignal): Promise<void> {
    const { store, bundles } = this.#options;
    for await (const change of store.watch(recordsPrefix, this.#revision, signal)) {
      const entry = change.type === "put" ? change.entry : undefined;
      const bundle = bundles.find(({ name }) => keyOf(name) === entry?.key);
      if (entry !== undefined && bundle !== undefined) await this.#takeNewer(bundle, entry);
      this.#revision = change.type === "put" ? change.entry.revision : change.revision;
    }
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    this.#warn(error);
    await this.#options.clock.sleep(retryMs, signal).catch(() => undefined);
    const isLost = error instanceof RevisionCompacted || error instanceof RevisionFuture;
    if (isLost && !signal.aborted) await this.#takeAll().catch((again: unknown) => this.#warn(again));
  }

  async #takeNewer(bundle: KeyBundle, entry: Entry): Promise<void> {
    if (entry.revision <= (this.#known.get(bundle.name)?.revision ?? 0n)) return;
    await this.#take(bundle, entry, { keepsOld: false });
    this.#options.logger.info({ keys: bundle.name }, "another server changed keys that servers have in common; they are used here too");
  }

  #warn(error: unknown, message = "keys that servers have in common cannot be followed"): void {
    this.#options.logger.warn({ err: error }, message);
  }

  #sealed(key: string, files: Files): Promise<Uint8Array> {
    return Promise.resolve(this.#cipher.seal(Buffer.from(JSON.stringify(files)), key));
  }

  async #opened({ key, value }: Entry): Promise<JsonValue> {
    try {
      return JSON.parse(Buffer.from(await this.#cipher.open(value, key)).toString("utf8")) as JsonValue;
    } catch (error) {
      throw new CannotStart(`the record ${key} of this database is damaged: restore it from a backup. Nothing was changed.`, { cause: error });
    }
  }
}

const filesIn = (directory: string, { files }: KeyBundle): Files =>
  Object.fromEntries(
    files.flatMap((file) => {
      const from = path.join(directory, file);
      return existsSync(from) ? [[file, readFileSync(from, "utf8")]] : [];
    }),
  );

const filesOf = (record: JsonValue): Files =>
  Object.fromEntries(Object.entries(isJsonObject(record) ? record : {}).filter((each): each is [string, string] => typeof each[1] === "string"));

const isSame = (one: Files, other: Files): boolean => Object.keys(one).every((file) => one[file] === other[file]);

/** Asked anew: the signal may abort while the watch runs. */
const hasAborted = (signal: AbortSignal): boolean => signal.aborted;
