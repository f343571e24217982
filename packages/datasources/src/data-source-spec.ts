import { type ApiObject, isJsonObject, type JsonObject } from "@dataplane/meta";

/** The settings of a data source; empty where there are none. */
export const specOf = ({ spec }: ApiObject): JsonObject => (isJsonObject(spec) ? spec : {});

/** The text, or "" for anything else. */
export const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
