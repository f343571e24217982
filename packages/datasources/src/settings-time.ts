import { isDeepStrictEqual } from "node:util";
import type { ApiObject } from "@dataplane/meta";

export interface SettingsWrite {
  /** Its secrets are references already. */
  readonly object: ApiObject;
  readonly old: ApiObject | undefined;
  /** Milliseconds since the epoch. */
  readonly before: number;
  readonly now: Date;
}

/** When the settings were last updated. The plugin keeps an instance by this time: it moves when, and only when, spec or secrets do. */
export const settingsTime = ({ object, old, before, now }: SettingsWrite): number =>
  old === undefined || differs(object, old) ? Math.max(now.getTime(), before + 1) : before;

const differs = (next: ApiObject, old: ApiObject): boolean => ["spec", "secure"].some((field) => !isDeepStrictEqual(next[field], old[field]));
