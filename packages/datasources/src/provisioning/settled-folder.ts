import { stat } from "node:fs/promises";
import path from "node:path";
import type { Clock } from "@dataplane/meta";
import type { ProvisionedKind } from "./provisioned-kind.js";
import { type ReadFolder, readProvisioningFolder, yamlNames } from "./provisioning-folder.js";

export interface SettledFolder extends ReadFolder {
  /** As `folderState` tells it, at the time of the reading. */
  readonly state: string;
}

export interface SettledFolderOptions {
  readonly kind: ProvisionedKind;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
}

/** A file that was written to less than this ago may be written to again: many programs empty a file and then fill it. */
const settleMs = 100;
const settleTurns = 20;
const beingWritten = "it is being written";

/**
 * Reads a folder as it is between two writes: nothing of it changed from a while before the reading until after it, so that each file is
 * read as a whole, and the files fit each other. Those that do not come to rest within two seconds are problems.
 */
export async function readSettledFolder(directory: string, { kind, env, clock }: SettledFolderOptions): Promise<SettledFolder> {
  let before = await statesOf(directory);
  for (let turn = 1; ; turn += 1) {
    if (isRecent(before, clock.now())) await clock.sleep(settleMs);
    const read = await readProvisioningFolder(directory, { kind, env });
    const after = await statesOf(directory);
    const moving = changedBetween(before, after);
    if (moving.length === 0 || turn === settleTurns) return without(moving, { ...read, state: textOf(after) });
    before = after;
  }
}

/** Changes when a file of the folder does, as far as the file system tells without reading it. */
export const folderState = async (directory: string): Promise<string> => textOf(await statesOf(directory));

function without(moving: readonly string[], folder: SettledFolder): SettledFolder {
  if (moving.length === 0) return folder;
  const isMoving = (name: string): boolean => moving.includes(name);
  return {
    ...folder,
    files: folder.files.filter(({ name }) => !isMoving(name)),
    problems: [...folder.problems.filter(({ file }) => !isMoving(file)), ...moving.map((file) => ({ file, why: beingWritten, isPassing: true }))],
  };
}

interface FileState {
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly changedAt: number;
}

type States = ReadonlyMap<string, FileState>;

async function statesOf(directory: string): Promise<States> {
  const names = await yamlNames(directory).catch(() => []);
  const states = await Promise.all(names.map(async (name) => [name, await stateOf(path.join(directory, name))] as const));
  return new Map(states);
}

async function stateOf(file: string): Promise<FileState> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return { text: "", changedAt: 0 };
  const { dev, ino, size, mtimeMs, ctimeMs } = found;
  return { text: [dev, ino, size, mtimeMs, ctimeMs].join(" "), changedAt: Math.max(mtimeMs, ctimeMs) };
}

const textOf = (states: States): string => JSON.stringify([...states].map(([name, { text }]) => [name, text]));

/** Clocks of file servers may be ahead. */
const isRecent = (states: States, now: Date): boolean => [...states.values()].some(({ changedAt }) => changedAt > now.getTime() - settleMs);

const changedBetween = (before: States, after: States): readonly string[] =>
  [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name)?.text !== after.get(name)?.text);
