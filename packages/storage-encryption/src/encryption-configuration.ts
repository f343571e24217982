import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { parseDocument, stringify } from "yaml";
import { problemOfResourceName, problemsOfResourceList } from "./resource-names.js";

export interface NamedKey {
  readonly name: string;
  readonly secret: Buffer;
}

export type KeyProvider = "aesgcm" | "aescbc" | "secretbox";

export type ProviderConfiguration =
  | { readonly type: KeyProvider; readonly keys: readonly NamedKey[] }
  | { readonly type: "identity" }
  | { readonly type: "kms"; readonly name: string; readonly socket: string; readonly timeoutMs: number };

export interface ResourceEncryption {
  readonly resources: readonly string[];
  readonly providers: readonly ProviderConfiguration[];
}

/** https://kubernetes.io/docs/reference/config-api/apiserver-config.v1/#apiserver-config-k8s-io-v1-EncryptionConfiguration */
export interface EncryptionConfiguration {
  readonly resources: readonly ResourceEncryption[];
}

/** The message has a line for each problem, which begins with the field; never a secret. */
export class InvalidEncryptionConfiguration extends Error {
  override readonly name = "InvalidEncryptionConfiguration";
}

/** Of YAML or JSON text; what Kubernetes refuses is refused. Throws InvalidEncryptionConfiguration with every problem. */
export function parseEncryptionConfiguration(text: string): EncryptionConfiguration {
  const problems = new Problems();
  const configuration = configurationOf(readYaml(text), problems);
  problems.throwAny();
  return configuration;
}

/** As YAML, with the secrets. Not of kms providers. */
export function printEncryptionConfiguration({ resources }: EncryptionConfiguration): string {
  const printed = resources.map((each) => ({ resources: each.resources, providers: each.providers.map(printedProvider) }));
  return stringify({ kind: "EncryptionConfiguration", apiVersion: "apiserver.config.k8s.io/v1", resources: printed });
}

function printedProvider(provider: ProviderConfiguration): object {
  if (provider.type === "kms") throw new Error("kms providers are not printed");
  if (provider.type === "identity") return { identity: {} };
  return { [provider.type]: { keys: provider.keys.map(({ name, secret }) => ({ name, secret: secret.toString("base64") })) } };
}

class Problems {
  readonly #lines: string[] = [];

  add(field: string, problem: string): void {
    this.#lines.push(`${field}: ${problem}`);
  }

  throwAny(): void {
    if (this.#lines.length > 0) throw new InvalidEncryptionConfiguration(this.#lines.join("\n"));
  }
}

function readYaml(text: string): JsonValue {
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: false });
  const [error] = document.errors;
  // The parser's words could show a part of the text, which may be a secret.
  if (error !== undefined) throw new InvalidEncryptionConfiguration(`not YAML: ${error.code} at character ${String(error.pos[0])}`);
  return document.toJS({ maxAliasCount: 0 }) as JsonValue;
}

function configurationOf(value: JsonValue, problems: Problems): EncryptionConfiguration {
  if (!isJsonObject(value)) throw new InvalidEncryptionConfiguration("expected an EncryptionConfiguration");
  if (value["kind"] !== "EncryptionConfiguration") problems.add("kind", "expected EncryptionConfiguration");
  if (value["apiVersion"] !== "apiserver.config.k8s.io/v1") problems.add("apiVersion", "expected apiserver.config.k8s.io/v1");
  refuseUnknown(value, "", ["kind", "apiVersion", "resources"], problems);
  const kmsNames = new Set<string>();
  return { resources: objectsOf(value, "resources", "resources", problems).map(({ at, item }) => resourceOf(item, at, { problems, kmsNames })) };
}

interface Reading {
  readonly problems: Problems;
  readonly kmsNames: Set<string>;
}

function resourceOf(value: JsonObject, at: string, reading: Reading): ResourceEncryption {
  const { problems } = reading;
  refuseUnknown(value, `${at}.`, ["resources", "providers"], problems);
  const resources = listOf(value, "resources", `${at}.resources`, problems).map((item) => (typeof item === "string" ? item : ""));
  for (const problem of problemsOfResourceList(resources)) problems.add(`${at}.resources`, problem);
  for (const [index, resource] of resources.entries()) {
    const problem = problemOfResourceName(resource);
    if (problem !== undefined) problems.add(`${at}.resources[${String(index)}]`, `${JSON.stringify(resource)}: ${problem}`);
  }
  const providers = objectsOf(value, "providers", `${at}.providers`, problems).flatMap(({ at: field, item }) => providerOf(item, field, reading));
  return { resources, providers };
}

const providerNames = ["aesgcm", "aescbc", "secretbox", "identity", "kms"] as const;

function providerOf(value: JsonObject, at: string, reading: Reading): readonly ProviderConfiguration[] {
  const { problems } = reading;
  refuseUnknown(value, `${at}.`, providerNames, problems);
  const named = providerNames.filter((name) => value[name] !== undefined);
  const [type] = named;
  if (type === undefined || named.length > 1) {
    problems.add(at, type === undefined ? `expected one of ${providerNames.join(", ")}` : "more than one provider: each is an element of its own");
    return [];
  }
  const field = `${at}.${type}`;
  // `identity:` with nothing behind it is what many write.
  const content = value[type] ?? {};
  if (!isJsonObject(content)) {
    problems.add(field, "expected an object");
    return [];
  }
  if (type === "identity") refuseUnknown(content, `${field}.`, [], problems);
  if (type === "identity") return [{ type }];
  return type === "kms" ? kmsOf(content, field, reading) : [{ type, keys: keysOf(content, field, type, problems) }];
}

const keySizes: Readonly<Record<KeyProvider, readonly number[]>> = { aesgcm: [16, 24, 32], aescbc: [16, 24, 32], secretbox: [32] };

function keysOf(value: JsonObject, at: string, type: KeyProvider, problems: Problems): readonly NamedKey[] {
  refuseUnknown(value, `${at}.`, ["keys"], problems);
  const keys = objectsOf(value, "keys", `${at}.keys`, problems).map(({ at: field, item }) => keyOf(item, field, keySizes[type], problems));
  const twice = keys.find(({ name }, index) => name !== "" && keys.findIndex((it) => it.name === name) < index);
  if (twice !== undefined)
    problems.add(`${at}.keys`, `two keys are called ${JSON.stringify(twice.name)}: values could not tell which one sealed them`);
  return keys;
}

function keyOf(value: JsonObject, at: string, sizes: readonly number[], problems: Problems): NamedKey {
  refuseUnknown(value, `${at}.`, ["name", "secret"], problems);
  const { name, secret } = value;
  if (typeof name !== "string" || name === "") problems.add(`${at}.name`, "name is a mandatory field for a key");
  else if (name.includes(":")) problems.add(`${at}.name`, "must not contain ':', which ends the name in stored values");
  const bytes = typeof secret === "string" && secret !== "" ? base64Of(secret) : undefined;
  if (typeof secret !== "string" || secret === "") problems.add(`${at}.secret`, "secret is a mandatory field for a key");
  else if (bytes === undefined) problems.add(`${at}.secret`, "secrets must be base64 encoded");
  else if (!sizes.includes(bytes.byteLength))
    problems.add(`${at}.secret`, `expected a key of ${sizes.join(" or ")} bytes, found ${String(bytes.byteLength)}`);
  return { name: typeof name === "string" ? name : "", secret: bytes ?? Buffer.alloc(0) };
}

function base64Of(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  const bare = (it: string): string => it.replaceAll("=", "");
  return text.length % 4 === 0 && bare(bytes.toString("base64")) === bare(text) ? bytes : undefined;
}

function kmsOf(value: JsonObject, at: string, { problems, kmsNames }: Reading): readonly ProviderConfiguration[] {
  refuseUnknown(value, `${at}.`, ["apiVersion", "name", "endpoint", "timeout", "cachesize"], problems);
  const { apiVersion, name, endpoint, timeout = "3s", cachesize } = value;
  if (apiVersion !== "v2") problems.add(`${at}.apiVersion`, "only v2 is supported");
  if (cachesize !== undefined) problems.add(`${at}.cachesize`, "cachesize is not supported in v2");
  if (typeof name !== "string" || name === "") problems.add(`${at}.name`, "name is a mandatory field for a provider");
  else if (name.includes(":")) problems.add(`${at}.name`, "must not contain ':'");
  else if (kmsNames.has(name)) problems.add(`${at}.name`, `another kms provider is called ${JSON.stringify(name)} too`);
  else kmsNames.add(name);
  const socket = typeof endpoint === "string" && endpoint.startsWith("unix://") ? endpoint.slice("unix://".length) : "";
  if (!socket.startsWith("/")) problems.add(`${at}.endpoint`, "expected unix:///path of the plugin's socket");
  const timeoutMs = typeof timeout === "string" ? millisecondsOf(timeout) : undefined;
  if (timeoutMs === undefined || timeoutMs <= 0) problems.add(`${at}.timeout`, "expected a duration above 0 such as 3s");
  return [{ type: "kms", name: typeof name === "string" ? name : "", socket, timeoutMs: timeoutMs ?? 0 }];
}

const unitMs = new Map([
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
]);

function millisecondsOf(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * (unitMs.get(match[2] ?? "") ?? 1);
}

function refuseUnknown(value: JsonObject, at: string, known: readonly string[], problems: Problems): void {
  for (const name of Object.keys(value)) if (!known.includes(name)) problems.add(at + name, "there is no such field");
}

function listOf(value: JsonObject, name: string, at: string, problems: Problems): readonly JsonValue[] {
  const list = value[name];
  if (!Array.isArray(list) || list.length === 0) {
    problems.add(at, `at least one of ${name} is required`);
    return [];
  }
  return list as readonly JsonValue[];
}

function objectsOf(value: JsonObject, name: string, at: string, problems: Problems): readonly { readonly at: string; readonly item: JsonObject }[] {
  return listOf(value, name, at, problems).flatMap((item, index) => {
    const field = `${at}[${String(index)}]`;
    if (isJsonObject(item)) return [{ at: field, item }];
    problems.add(field, "expected an object");
    return [];
  });
}
