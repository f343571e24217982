import type { Hidden } from "@dataplane/apiserver";
import { isJsonObject } from "@dataplane/meta";
import type { SealedValues } from "./secure-values.js";

/** What lies beside a data source in the store and is never shown. */
export interface HiddenParts {
  readonly pluginID: string;
  readonly secrets: SealedValues;
  /** Milliseconds since the epoch. */
  readonly lastUpdated: number;
}

export const hiddenOf = ({ pluginID, secrets, lastUpdated }: HiddenParts): Hidden => ({ pluginID, secrets, lastUpdated });

export function hiddenFrom(hidden: Hidden | undefined): HiddenParts {
  const { pluginID, secrets, lastUpdated } = hidden ?? {};
  return {
    pluginID: typeof pluginID === "string" ? pluginID : "",
    secrets: isJsonObject(secrets)
      ? Object.fromEntries(Object.entries(secrets).flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : [])))
      : {},
    lastUpdated: typeof lastUpdated === "number" ? lastUpdated : 0,
  };
}
