import type { Json } from "../testing/call.js";
import type { Item } from "./history.js";

/** Where the objects of a run live. The controllers put things of their own there, with other names. */
export const namespace = "faults";
export const collection = `/api/v1/namespaces/${namespace}/configmaps`;

/** Few, so that the clients meet. */
export const keys: readonly string[] = Array.from({ length: 12 }, (_, index) => `key-${String(index)}`);

export const isKey = (name: string): boolean => name.startsWith("key-");

/** What the API shows of one object of ours; undefined for others'. */
export function itemOf(object: Json | undefined): Item | undefined {
  const { metadata, data } = object ?? {};
  const [name, revision, value] = [textOf(metadata?.["name"]), Number(textOf(metadata?.["resourceVersion"])), textOf(data?.["value"])];
  return isKey(name) ? { key: name, revision, value } : undefined;
}

export const itemsOf = (list: Json): readonly Item[] => {
  const { items } = list;
  return Array.isArray(items) ? (items as readonly Json[]).map(itemOf).filter((item) => item !== undefined) : [];
};

export const revisionOf = (object: Json): number => Number(textOf(object["metadata"]?.["resourceVersion"]));

export const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
