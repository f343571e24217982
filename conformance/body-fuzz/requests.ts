import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { encodeObject } from "../../packages/apiserver/src/protobuf/encode-object.js";
import type { Random } from "../testing/random.js";
import { celText } from "./cel-texts.js";
import type { FuzzRequest } from "./fuzz-request.js";
import { hostileKeys, hostileValue, jsonText } from "./hostile-values.js";
import { mutatedBytes, mutatedOften, mutatedText } from "./mutate.js";
import { hostileDefinition } from "./schemas.js";
import { aCel, celsDefinition, definitionsPath, type SeedObject, seedObjects } from "./seed-objects.js";
import { anyPath, readHeaders, readQuery, writeQuery } from "./targets.js";
import { yamlText } from "./yaml-texts.js";

type MakeRequest = (random: Random) => FuzzRequest;

const nameOf = ({ body: { metadata } }: SeedObject): string =>
  isJsonObject(metadata) && typeof metadata["name"] === "string" ? metadata["name"] : "x";

const itemPath = (seed: SeedObject, random: Random): string =>
  `${seed.path}/${nameOf(seed)}${random.chance(0.15) ? `/${random.pick(["status", "scale", "finalize", "token", "x"])}` : ""}`;

function query(seed: SeedObject, random: Random): string {
  if (seed.onlyDryRun === true) return "?dryRun=All";
  return random.chance(0.6) ? "" : writeQuery(random);
}

/** JSON of an object with a few places changed, now and then broken as a text too. */
function jsonBody(value: JsonValue, random: Random): string {
  if (random.chance(0.003)) return deep(random);
  const text = jsonText(random.chance(0.85) ? mutatedOften(value, random) : value);
  return random.chance(0.15) ? mutatedText(text, random) : text;
}

function deep(random: Random): string {
  const levels = random.pick([100, 1_000, 10_000, 100_000]);
  const open = random.pick(["[", '{"a":', '{"spec":', '{"metadata":{"labels":', '[{"x":']);
  const close = { "[": "]", '{"a":': "}", '{"spec":': "}", '{"metadata":{"labels":': "}}", '[{"x":': "}]" }[open] ?? "";
  return `{"apiVersion":"v1","kind":"ConfigMap","data":${open.repeat(levels)}1${random.chance(0.7) ? close.repeat(levels) : ""}}`;
}

const json = { "content-type": "application/json" };

const create: MakeRequest = (random) => {
  const seed = random.pick(seedObjects);
  const type = random.chance(0.97)
    ? "application/json"
    : random.pick(["", "text/plain", "application/cbor", "application/json;x", "a/b/c", "application/yaml"]);
  return {
    what: "create",
    method: "POST",
    target: `${seed.path}${query(seed, random)}`,
    headers: { ...readHeaders(random), "content-type": type },
    body: jsonBody(seed.body, random),
  };
};

const update: MakeRequest = (random) => {
  const seed = random.pick(seedObjects);
  return {
    what: "update",
    method: "PUT",
    target: `${itemPath(seed, random)}${query(seed, random)}`,
    headers: json,
    body: jsonBody(seed.body, random),
  };
};

const patchOf = (what: string, type: string, bodyOf: (seed: SeedObject, random: Random) => string): MakeRequest => {
  return (random) => {
    const seed = random.pick(seedObjects);
    const apply = type.includes("apply");
    const asked = query(seed, random);
    const managed =
      apply && random.chance(0.9) ? `${asked === "" ? "?" : `${asked}&`}fieldManager=m${random.below(3)}&force=${random.chance(0.7)}` : asked;
    return { what, method: "PATCH", target: `${itemPath(seed, random)}${managed}`, headers: { "content-type": type }, body: bodyOf(seed, random) };
  };
};

const pointers: readonly [string, ...string[]] = [
  "",
  "/",
  "/spec",
  "/spec/parts/0",
  "/spec/parts/-",
  "/spec/parts/1/name",
  "/spec/size",
  "/metadata",
  "/metadata/labels",
  "/metadata/labels/example.com~1part",
  "/metadata/managedFields",
  "/metadata/name",
  "/data",
  "/data/k",
  "/__proto__/polluted",
  "/constructor/prototype/polluted",
  "/spec/__proto__",
  "/metadata/labels/__proto__",
  "/a~2b",
  "spec",
  "/spec/parts/01",
  "/spec/parts/-1",
  "/spec/parts/99999999999",
  "/spec/anything",
  `/${"a/".repeat(200)}`,
];

function jsonPatch(_seed: SeedObject, random: Random): string {
  if (random.chance(0.01)) return copyBomb(random);
  const operations = Array.from({ length: 1 + random.below(4) }, () => ({
    op: random.pick(["add", "remove", "replace", "move", "copy", "test", "test", "nope"]),
    path: random.pick(pointers),
    ...(random.chance(0.5) ? { from: random.pick(pointers) } : {}),
    ...(random.chance(0.7) ? { value: hostileValue(random) } : {}),
  }));
  return jsonBody(operations, random);
}

/** Each step doubles what is there. */
function copyBomb(random: Random): string {
  const steps = Array.from({ length: random.pick([20, 60, 200]) }, (_, step) => ({
    op: "copy",
    from: "/spec",
    path: `/spec/anything${step % 2 === 0 ? "" : "/x"}`,
  }));
  return JSON.stringify([{ op: "add", path: "/spec/anything", value: { x: "y".repeat(1_000) } }, ...steps]);
}

/** Words of strategic merge patches among the fields. */
function strategicPatch({ body }: SeedObject, random: Random): string {
  const directive: JsonObject = {
    $patch: random.pick(["replace", "delete", "merge", "x"]),
    $retainKeys: [random.pick(hostileKeys)],
    "$setElementOrder/ports": [{ port: 80 }, hostileValue(random)],
    "$deleteFromPrimitiveList/finalizers": ["a", hostileValue(random)],
  };
  const keys = Object.keys(directive).filter(() => random.chance(0.4));
  const some = Object.fromEntries(keys.map((key) => [key, directive[key] ?? null]));
  return jsonBody({ ...body, ...(random.chance(0.5) ? { spec: { ...some, ports: [{ port: 80, ...some }] } } : some) }, random);
}

const definition: MakeRequest = (random) => {
  const body = hostileDefinition(random);
  const isReal = random.chance(0.1);
  const target = `${definitionsPath}${isReal ? "" : "?dryRun=All"}`;
  return {
    what: "definition",
    method: "POST",
    target,
    headers: json,
    body: random.chance(0.1) ? mutatedText(jsonText(body), random) : jsonText(body),
  };
};

const celRule = (random: Random): JsonObject => ({
  rule: celText(random),
  ...(random.chance(0.2) ? { messageExpression: celText(random) } : {}),
  ...(random.chance(0.1) ? { optionalOldSelf: true } : {}),
});

/** Some rules, so that one that does not compile does not hide the others; now and then for good, so that they are asked. */
const rules: MakeRequest = (random) => {
  const body = celsDefinition(Array.from({ length: 1 + random.below(3) }, () => celRule(random)));
  const name = "cels.fuzz.example.com";
  const isReal = random.chance(0.5);
  return {
    what: "rules",
    method: "PATCH",
    target: `${definitionsPath}/${name}${isReal ? "" : "?dryRun=All"}`,
    headers: { "content-type": "application/merge-patch+json" },
    body: jsonText({ spec: body["spec"] ?? null }),
  };
};

const ruled: MakeRequest = (random) => {
  const method = random.pick(["POST", "PUT"]);
  const target = method === "POST" ? aCel.path : `${aCel.path}/c`;
  return { what: "ruled", method, target, headers: json, body: random.chance(0.3) ? jsonText(aCel.body) : jsonBody(aCel.body, random) };
};

const read: MakeRequest = (random) => {
  const seed = random.pick(seedObjects);
  const target = random.chance(0.7) ? seed.path : itemPath(seed, random);
  return { what: "read", method: random.chance(0.95) ? "GET" : "HEAD", target: `${target}${readQuery(random)}`, headers: readHeaders(random) };
};

const pathRequest: MakeRequest = (random) => {
  const method = random.pick(["GET", "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "constructor"]);
  return { what: "path", method, target: `${anyPath(random)}${random.chance(0.3) ? readQuery(random) : ""}`, headers: readHeaders(random) };
};

const remove: MakeRequest = (random) => {
  const seed = random.pick(seedObjects);
  const options: JsonObject = {
    ...{ apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0, propagationPolicy: "Background" },
    preconditions: { uid: "u", resourceVersion: "1" },
    dryRun: ["All"],
  };
  const target = random.chance(0.7) ? itemPath(seed, random) : seed.path;
  const body = random.chance(0.5) ? {} : { body: jsonBody(options, random) };
  // A namespace that ends takes what is in it with it; the last of the definitions would end the campaign.
  const asked = seed.path === "/api/v1/namespaces" ? "?dryRun=All" : query(seed, random);
  return { what: "delete", method: "DELETE", target: `${target}${asked}`, headers: json, ...body };
};

const yaml: MakeRequest = (random) => {
  const seed = random.pick(seedObjects);
  const isApply = random.chance(0.4);
  const body = yamlText(seed.body, random);
  if (!isApply)
    return { what: "yaml", method: "POST", target: `${seed.path}${query(seed, random)}`, headers: { "content-type": "application/yaml" }, body };
  const target = `${itemPath(seed, random)}?fieldManager=y&force=true${seed.onlyDryRun === true ? "&dryRun=All" : ""}`;
  return { what: "yaml apply", method: "PATCH", target, headers: { "content-type": "application/apply-patch+yaml" }, body };
};

const encodable = seedObjects.filter(({ path }) => !path.includes("fuzz.example.com")).map((seed) => ({ seed, bytes: encodedOrNot(seed.body) }));

function encodedOrNot(body: JsonObject): Uint8Array {
  try {
    return encodeObject(body);
  } catch {
    return Buffer.from("k8s\u0000");
  }
}

const protobuf: MakeRequest = (random) => {
  const { seed, bytes } = encodable[random.below(encodable.length)] ?? { seed: seedObjects[0], bytes: new Uint8Array() };
  const isUpdate = random.chance(0.3);
  const target = `${isUpdate ? `${seed.path}/${nameOf(seed)}` : seed.path}${query(seed, random)}`;
  const body = random.chance(0.05) ? Buffer.from(mutatedText("\u00a1\u0061a\u00ff", random), "latin1") : mutatedBytes(bytes, random);
  return { what: "protobuf", method: isUpdate ? "PUT" : "POST", target, headers: { "content-type": "application/vnd.kubernetes.protobuf" }, body };
};

/** How many of a hundred requests are of each. */
const weights: readonly (readonly [number, MakeRequest])[] = [
  [16, create],
  [9, update],
  [9, patchOf("JSON patch", "application/json-patch+json", jsonPatch)],
  [7, patchOf("merge patch", "application/merge-patch+json", (seed, random) => jsonBody(seed.body, random))],
  [7, patchOf("strategic patch", "application/strategic-merge-patch+json", strategicPatch)],
  [8, patchOf("apply", "application/apply-patch+yaml", (seed, random) => jsonBody(seed.body, random))],
  [9, read],
  [7, pathRequest],
  [4, remove],
  [7, yaml],
  [8, protobuf],
  [2, definition],
  [2, rules],
  [5, ruled],
];

const drawn: readonly MakeRequest[] = weights.flatMap(([weight, make]) => Array.from({ length: weight }, () => make));

/** The next request that the seed decides. */
export const anyRequest: MakeRequest = (random) => (drawn[random.below(drawn.length)] ?? create)(random);
