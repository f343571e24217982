import type { Random } from "../testing/random.js";
import { hostileKeys, hostileStrings } from "./hostile-values.js";
import { mutatedText } from "./mutate.js";

const selectorTokens: readonly [string, ...string[]] = [
  "a",
  "app",
  "example.com/part",
  "=",
  "==",
  "!=",
  "!",
  ",",
  " in ",
  " notin ",
  "(",
  ")",
  "(a,b)",
  " exists ",
  ">",
  "<",
  "1",
  "metadata.name",
  "metadata.namespace",
  "spec.color",
  "spec.type",
  "status.phase",
  "involvedObject.kind",
  "__proto__",
  "\\",
  "\\,",
  "\u0000",
  "x".repeat(300),
  " ",
  "𝒳",
];

const selector = (random: Random): string => Array.from({ length: 1 + random.below(8) }, () => random.pick(selectorTokens)).join("");

const numbers: readonly [string, ...string[]] = [
  "0",
  "1",
  "2",
  "-1",
  "10",
  "1.5",
  "1e3",
  "0x1",
  "99999999999999999999",
  "18446744073709551616",
  "",
  "a",
  " 1",
  "NaN",
];
const booleans: readonly [string, ...string[]] = ["true", "false", "1", "0", "t", "", "yes", "TRUE"];

function continueToken(random: Random): string {
  const token = { v: "meta.k8s.io/v1", rv: Number(random.pick(numbers)), start: random.pick(["a\u0000", "../x", "", "\ud800", "zzz"]) };
  const text = random.chance(0.5) ? JSON.stringify(token) : mutatedText(JSON.stringify(token), random);
  const encoded = Buffer.from(text).toString(random.chance(0.8) ? "base64url" : "base64");
  return random.chance(0.2) ? mutatedText(encoded, random) : encoded;
}

type Parameter = (random: Random) => readonly [string, string];

const readParameters: readonly [Parameter, ...Parameter[]] = [
  (random) => ["labelSelector", selector(random)],
  (random) => ["fieldSelector", selector(random)],
  (random) => ["limit", random.pick(numbers)],
  (random) => ["continue", continueToken(random)],
  (random) => ["resourceVersion", random.pick(numbers)],
  (random) => ["resourceVersionMatch", random.pick(["Exact", "NotOlderThan", "", "exact", "Nope"])],
  (random) => ["watch", random.pick(booleans)],
  (random) => ["timeoutSeconds", random.pick(numbers)],
  (random) => ["timeout", random.pick(["1s", "1ns", "0", "-1s", "1", "9h9h", "1e9s", "∞"])],
  (random) => ["sendInitialEvents", random.pick(booleans)],
  (random) => ["allowWatchBookmarks", random.pick(booleans)],
  (random) => ["pretty", random.pick(booleans)],
  (random) => ["includeObject", random.pick(["None", "Metadata", "Object", "x"])],
  (random) => [random.pick(hostileKeys), random.pick(hostileStrings)],
];

const writeParameters: readonly [Parameter, ...Parameter[]] = [
  (random) => ["dryRun", random.pick(["All", "All", "", "None", "all"])],
  (random) => ["fieldValidation", random.pick(["Strict", "Warn", "Ignore", "", "strict"])],
  (random) => ["fieldManager", random.pick(["me", "", "x".repeat(129), "\u0000", "a/b", "𝒳"])],
  (random) => ["force", random.pick(booleans)],
  (random) => ["propagationPolicy", random.pick(["Orphan", "Foreground", "Background", "x", ""])],
  (random) => ["gracePeriodSeconds", random.pick(numbers)],
  (random) => ["orphanDependents", random.pick(booleans)],
];

/** A query, most often none or a sound one. */
const queryOf = (parameters: readonly [Parameter, ...Parameter[]], random: Random): string => {
  const chosen = Array.from({ length: random.below(4) }, () => random.pick(parameters)(random));
  return chosen.length === 0 ? "" : `?${chosen.map(([key, value]) => `${encoded(key)}=${encoded(value)}`).join("&")}`;
};

/** Lone surrogates have no percent form. */
const encoded = (text: string): string => encodeURIComponent(Buffer.from(text).toString());

export const readQuery = (random: Random): string => queryOf(readParameters, random);
export const writeQuery = (random: Random): string => queryOf(writeParameters, random);

const segments: readonly [string, ...string[]] = [
  "api",
  "apis",
  "v1",
  "v1beta1",
  "fuzz.example.com",
  "namespaces",
  "default",
  "configmaps",
  "widgets",
  "w",
  "status",
  "scale",
  "finalize",
  "token",
  "watch",
  "proxy",
  "openapi",
  "v2",
  "v3",
  "version",
  "customresourcedefinitions",
  "apiextensions.k8s.io",
  "",
  ".",
  "..",
  "%2e%2e",
  "%2f",
  "%00",
  "%",
  "%zz",
  "%ff",
  "%F0%9D%92%B3",
  "__proto__",
  "constructor",
  "*",
  "a".repeat(300),
  " ",
  "\\",
];

/** A path of segments that exist and such that do not. */
export const anyPath = (random: Random): string => {
  const start = random.pick(["/api/v1", "/apis/fuzz.example.com/v1/namespaces/default", "/api/v1/namespaces/default", "/apis", "/openapi/v3", ""]);
  return `${start}/${Array.from({ length: random.below(6) }, () => random.pick(segments)).join("/")}`;
};

const accepts: readonly [string, ...string[]] = [
  "*/*",
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "application/vnd.kubernetes.protobuf, application/json",
  "application/cbor",
  "application/json;as=Table;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json",
  "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
  "application/json;as=Table;v=v9;g=meta.k8s.io",
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
  "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
  "text/html",
  "",
  ";;;=,,",
  "application/json;stream=watch",
  "*/*;q=0",
  `${"a/b,".repeat(500)}*/*`,
];

/** Headers of a read: most often none, or one that clients send. */
export const readHeaders = (random: Random): Readonly<Record<string, string>> => {
  if (random.chance(0.5)) return {};
  const accept = random.pick(accepts);
  return { accept: random.chance(0.1) ? mutatedText(accept, random) : accept, ...(random.chance(0.1) ? { "if-none-match": '"x"' } : {}) };
};
