import { isJsonObject, type JsonObject } from "@dataplane/plugin-sdk";

/** Reads of foreign JSON: what has another type reads as empty. */
export const objectIn = (object: JsonObject, field: string): JsonObject => {
  const value = object[field];
  return isJsonObject(value) ? value : {};
};

export const objectsIn = (object: JsonObject, field: string): readonly JsonObject[] => {
  const value = object[field];
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
};

export const textIn = (object: JsonObject, field: string): string => {
  const value = object[field];
  return typeof value === "string" ? value : "";
};

export const textsIn = (object: JsonObject, field: string): readonly string[] => {
  const value = object[field];
  return Array.isArray(value) ? value.filter((it) => typeof it === "string") : [];
};
