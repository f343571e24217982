import type { PointInTime } from "./restore-plan.js";

/** What is done with a store as a whole. */
export type StorageCommand =
  | { readonly name: "storage backup"; readonly file: string; readonly keys: boolean; readonly follow: boolean }
  /** Without a file: the store itself. */
  | { readonly name: "storage verify"; readonly file: string | undefined }
  | {
      readonly name: "storage restore";
      readonly file: string;
      readonly at: PointInTime | undefined;
      readonly keys: boolean;
      readonly keepRevision: boolean;
    }
  | { readonly name: "storage migrate"; readonly url: string };

export const storageUsage = `       dataplane storage backup FILE [--keys] [--follow] [--config FILE]    also while servers run; --follow goes on with each change
       dataplane storage verify [FILE] [--config FILE]    a backup, or without FILE the store itself
       dataplane storage restore FILE [--at REVISION|TIME] [--keys] [--keep-revision] [--config FILE]    into an empty store
       dataplane storage migrate URL [--config FILE]    into the empty store of another engine, while no server runs`;

export interface StorageOptions {
  readonly keys?: boolean | undefined;
  readonly follow?: boolean | undefined;
  readonly at?: string | undefined;
  readonly "keep-revision"?: boolean | undefined;
}

/** Undefined for words and options that are none of these commands. */
export function storageCommand([first, second, argument, ...rest]: readonly string[], options: StorageOptions): StorageCommand | undefined {
  if (first !== "storage" || rest.length > 0) return undefined;
  const { keys = false, follow = false, at, "keep-revision": keepRevision = false } = options;
  const isPlain = !keys && !follow && at === undefined && !keepRevision;
  if (second === "verify" && isPlain) return { name: "storage verify", file: argument };
  if (argument === undefined) return undefined;
  if (second === "migrate" && isPlain) return { name: "storage migrate", url: argument };
  if (second === "backup" && at === undefined && !keepRevision) return { name: "storage backup", file: argument, keys, follow };
  if (second !== "restore" || follow) return undefined;
  const point = at === undefined ? undefined : pointInTime(at);
  if (at !== undefined && point === undefined) return undefined;
  return { name: "storage restore", file: argument, at: point, keys, keepRevision };
}

/** A revision, or a time as RFC 3339 writes it; undefined for anything else. */
function pointInTime(text: string): PointInTime | undefined {
  if (/^\d{1,16}$/.test(text)) return { revision: BigInt(text) };
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? undefined : { time };
}
