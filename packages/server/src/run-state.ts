import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { writeFileAtomically } from "./write-file.js";

/** What `data/run/server.json` says of the running server: the ports and URLs really taken. */
export interface RunState {
  readonly pid: number;
  readonly http: { readonly port: number; readonly url: string };
  readonly https?: { readonly port: number; readonly url: string };
  readonly kubeconfig?: string;
}

const fileOf = (dataPath: string): string => path.join(dataPath, "run", "server.json");

export const writeRunState = (dataPath: string, state: RunState): void =>
  writeFileAtomically(fileOf(dataPath), `${JSON.stringify(state, null, 2)}\n`, 0o644);

/** Undefined when no server runs there, or none that could tell. */
export function readRunState(dataPath: string): RunState | undefined {
  try {
    // Written by this server's own start, above.
    return JSON.parse(readFileSync(fileOf(dataPath), "utf8")) as RunState;
  } catch {
    return undefined;
  }
}

export const removeRunState = (dataPath: string): void => rmSync(fileOf(dataPath), { force: true });
