import { stat } from "node:fs/promises";
import path from "node:path";
import type { Clock } from "@dataplane/meta";
import type { ProvisionedKind } from "./provisioned-kind.js";
import { type ReadFolder, readProvisioningFolder, yamlNames } from "./provisioning-folder.js";

export interface SettledFolder extends ReadFolder {
  /** As `folderState` tells it, at the time of the reading. */
  readonly state: string;
  /** Numbers of the files, by name. */
  readonly ids: ReadonlyMap<string, string>;
}

export interface SettledFolderOptions {
  readonly kind: ProvisionedKind;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** As the last reading told them: a file that is still the same one is being written in place. */
  readonly ids: ReadonlyMap<string, string>;
}

/** A file that came less than this ago may be written to again. */
const settleMs = 100;
/** One that is written in place surely is half-written for a while: programs empty it and then fill it, some of them slowly. */
const inPlaceMs = 500;
const settleTurns = 8;
const beingWritten = "it is being written";

/**
 * Reads a folder as it is between two writes: nothing of it changed from a while before the reading until after it, so that each file is
 * read as a whole, and the files fit each other. Those that do not come to rest within a few seconds are problems. A program that stops for longer within a write is not seen
 * through.
 */
export async function readSettledFolder(directory: string, { kind, env, clock, ids }: SettledFolderOptions): Promise<SettledFolder> {
  let before = await statesOf(directory);
  let known = ids;
  for (let turn = 1; ; turn += 1) {
    const restMs = restOf(before, known, clock.now());
    if (restMs > 0) await clock.sleep(restMs);
    const read = await readProvisioningFolder(directory, { kind, env });
    const after = await statesOf(directory);
    const moving = changedBetween(before, after);
    if (moving.length === 0 || turn === settleTurns) return without(moving, { ...read, state: textOf(after), ids: idsOf(after) });
    known = idsOf(before);
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
  readonly id: string;
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
  if (found === undefined) return { id: "", text: "", changedAt: 0 };
  const { dev, ino, size, mtimeMs, ctimeMs } = found;
  const id = `${dev} ${ino}`;
  // Nobody writes to a folder or a device: what goes on in one that is linked to, such as /tmp, is no change of the file.
  if (!found.isFile()) return { id, text: id, changedAt: 0 };
  return { id, text: [id, size, mtimeMs, ctimeMs].join(" "), changedAt: Math.max(mtimeMs, ctimeMs) };
}

const textOf = (states: States): string => JSON.stringify([...states].map(([name, { text }]) => [name, text]));

const idsOf = (states: States): ReadonlyMap<string, string> => new Map([...states].map(([name, { id }]) => [name, id]));

/** How long to wait, at least, to see whether the files rest; 0 when none changed lately. Clocks of file servers may be ahead. */
function restOf(states: States, known: ReadonlyMap<string, string>, now: Date): number {
  const rests = [...states].map(([name, { id, changedAt }]) => {
    const rest = known.get(name) === id ? inPlaceMs : settleMs;
    return changedAt > now.getTime() - rest ? rest : 0;
  });
  return Math.max(0, ...rests);
}

const changedBetween = (before: States, after: States): readonly string[] =>
  [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name)?.text !== after.get(name)?.text);
