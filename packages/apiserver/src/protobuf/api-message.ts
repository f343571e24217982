import { kubernetesMessagesJson } from "./kubernetes-messages.js";

/** One field of a Kubernetes API message: its number in protobuf, its type, and the markers that say how lists and maps are merged. */
export interface ApiField {
  readonly number: number;
  /** `string`, `int`, `bool`, `bytes`, `double`, or the name of a message such as `core.v1.Container`. */
  readonly type: string;
  readonly repeated?: true;
  /** A map from texts to `type`. */
  readonly map?: true;
  /** Its fields are its parent's in JSON. */
  readonly inline?: true;
  /** A zero is written in JSON: it differs from an absent value. */
  readonly zero?: true;
  readonly listType?: "atomic" | "set" | "map";
  readonly listMapKeys?: readonly string[];
  readonly mapType?: "atomic" | "granular";
  readonly patchStrategy?: string;
  readonly patchMergeKey?: string;
  readonly default?: string;
}

/** Fields by their name in JSON, in the order in which the Go types declare them. */
export type ApiMessage = Readonly<Record<string, ApiField>>;

let all: Readonly<Record<string, ApiMessage>> | undefined;

/** A message by the short name of its package and its own, such as `core.v1.Secret`. Throws a plain Error when there is none. */
export function apiMessage(name: string): ApiMessage {
  all ??= JSON.parse(kubernetesMessagesJson) as Readonly<Record<string, ApiMessage>>;
  const message = Object.hasOwn(all, name) ? all[name] : undefined;
  if (message === undefined) throw new Error(`no API message is named ${name}`);
  return message;
}

/** The name of the message of a kind, or undefined: `coordination.k8s.io/v1 Lease` is `coordination.v1.Lease`. */
export function messageNameOf(apiVersion: string, kind: string): string | undefined {
  if (apiVersion === "v1" && kind === "Status") return "meta.v1.Status";
  const [version = "", group = ""] = apiVersion.split("/").reverse();
  const name = `${group === "" ? "core" : (group.split(".")[0] ?? "")}.${version}.${kind}`;
  const isOurs = group === "" || !group.includes(".") || group.endsWith(".k8s.io");
  all ??= JSON.parse(kubernetesMessagesJson) as Readonly<Record<string, ApiMessage>>;
  return isOurs && Object.hasOwn(all, name) ? name : undefined;
}
