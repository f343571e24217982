import type { FaultyDatabase } from "../engine.js";

export function openMysql(): Promise<FaultyDatabase | undefined> {
  return Promise.resolve(undefined);
}
