import type { FaultyDatabase } from "../engine.js";

export function openPostgres(): Promise<FaultyDatabase | undefined> {
  return Promise.resolve(undefined);
}
