import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { parse } from "yaml";

/** Where the API is, and who the app is there. */
export interface AppConfig {
  readonly server: string;
  /** PEM; undefined: the system's authorities. Read anew, as it may be exchanged. */
  ca(): string | undefined;
  /** A bearer token that is good now; undefined: none. */
  token(): string | undefined;
  /** Of the app's own ServiceAccount and Lease. */
  readonly namespace: string;
  /** The app's ServiceAccount, which is its plugin's id. */
  readonly user: string;
}

/**
 * Reads the kubeconfig that `KUBECONFIG` names, as the host gives it to a plugin whose manifest has permissions: its current context, or
 * its only one (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/). Throws when there is none.
 */
export function appConfigFromEnv(env: NodeJS.ProcessEnv = process.env): AppConfig {
  const file = env["KUBECONFIG"] ?? "";
  if (file === "") throw new Error("KUBECONFIG is not set: the host gives it to plugins with an app manifest");
  const config: unknown = parse(readFileSync(file, "utf8"));
  if (!isJsonObject(config)) throw new Error(`${file} is no kubeconfig`);
  const current = config["current-context"];
  const context = entry(config["contexts"], "context", current);
  const cluster = entry(config["clusters"], "cluster", context["cluster"]);
  const user = entry(config["users"], "user", context["user"]);
  const server = textOf(cluster["server"]);
  if (server === "") throw new Error(`${file} names no server`);
  const beside = (value: JsonValue | undefined): string => (textOf(value) === "" ? "" : path.resolve(path.dirname(file), textOf(value)));
  const [caFile, tokenFile] = [beside(cluster["certificate-authority"]), beside(user["tokenFile"])];
  return {
    server,
    ca: caFile === "" ? constant(base64(cluster["certificate-authority-data"])) : fileText(caFile),
    token: tokenFile === "" ? constant(textOf(user["token"])) : fileText(tokenFile),
    namespace: textOf(context["namespace"]) || "default",
    user: textOf(context["user"]),
  };
}

/** The entry of that name; of a list of one, that one. */
function entry(list: JsonValue | undefined, what: string, name: JsonValue | undefined): JsonObject {
  const entries = Array.isArray(list) ? (list as readonly JsonValue[]).filter(isJsonObject) : [];
  const found = entries.find((it) => it["name"] === name) ?? (entries.length === 1 ? entries[0] : undefined);
  const value = found?.[what];
  return isJsonObject(value) ? value : {};
}

const textOf = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
const base64 = (value: JsonValue | undefined): string => Buffer.from(textOf(value), "base64").toString("utf8");

const constant = (value: string) => (): string | undefined => (value === "" ? undefined : value);

/** The text of a file now; it is read again when it has changed. */
function fileText(file: string): () => string {
  let known: { readonly stamp: string; readonly text: string } | undefined;
  return () => {
    const { mtimeMs, ino } = statSync(file);
    const stamp = `${ino} ${mtimeMs}`;
    if (known?.stamp !== stamp) known = { stamp, text: readFileSync(file, "utf8").trim() };
    return known.text;
  };
}
