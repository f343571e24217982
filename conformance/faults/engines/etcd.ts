import type { FaultyDatabase } from "../engine.js";

export function openEtcd(): Promise<FaultyDatabase | undefined> {
  return Promise.resolve(undefined);
}
