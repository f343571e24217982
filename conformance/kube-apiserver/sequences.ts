import { badRequests } from "./bad-requests.js";
import { gadgets } from "./gadget-crd.js";
import { Random } from "./random.js";
import type { Step } from "./step.js";

export interface Sequence {
  readonly name: string;
  readonly steps: readonly Step[];
}

const merge = "application/merge-patch+json";
const json = "application/json-patch+json";
const strategic = "application/strategic-merge-patch+json";
const apply = "application/apply-patch+yaml";

/** Every sequence that both servers are asked: lives of objects drawn from seeds, and requests that are wrong. */
export function sequences(): readonly Sequence[] {
  const seeds = Array.from({ length: 12 }, (_, index) => index + 1);
  return [
    ...seeds.map((seed) => ({ name: `configmaps ${String(seed)}`, steps: life(seed, configMaps) })),
    ...seeds.map((seed) => ({ name: `gadgets ${String(seed)}`, steps: life(seed, gadgetKind) })),
    { name: "wrong requests", steps: badRequests() },
  ];
}

/** A kind whose objects are written at random. */
interface Kind {
  readonly collection: (namespace: string) => string;
  readonly prepare: readonly Step[];
  readonly object: (random: Random, name: string) => Record<string, unknown>;
  readonly part: (random: Random) => Record<string, unknown>;
  readonly jsonPatch: (random: Random) => readonly object[];
  readonly hasStrategic: boolean;
  readonly subresources: (random: Random) => readonly { readonly path: string; readonly body: Record<string, unknown> }[];
}

function life(seed: number, kind: Kind): readonly Step[] {
  const random = new Random(seed);
  const namespace = `life-${kind.hasStrategic ? "c" : "g"}-${String(seed)}`;
  const collection = kind.collection(namespace);
  const steps: Step[] = [
    ...kind.prepare,
    { method: "POST", path: "/api/v1/namespaces", body: { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } } },
  ];
  for (let index = 0; index < 36; index++) steps.push(step(random, kind, collection, steps));
  return steps;
}

function step(random: Random, kind: Kind, collection: string, before: readonly Step[]): Step {
  const name = random.pick(["a", "b", "c"]);
  const at = `${collection}/${name}`;
  const manager = random.pick(["one", "two", "three"]);
  const options = `?fieldManager=${manager}${random.chance(0.1) ? "&dryRun=All" : ""}`;
  const choose = random.next();
  if (choose < 0.15) return { method: "POST", path: `${collection}${options}`, body: kind.object(random, name) };
  if (choose < 0.4) {
    const force = random.chance(0.4) ? "&force=true" : "";
    return { method: "PATCH", path: `${at}${options}${force}`, contentType: apply, body: { ...kind.object(random, name), ...kind.part(random) } };
  }
  if (choose < 0.55) return { method: "PATCH", path: `${at}${options}`, contentType: merge, body: kind.part(random) };
  if (choose < 0.62) return { method: "PATCH", path: `${at}${options}`, contentType: json, body: kind.jsonPatch(random) };
  if (choose < 0.68) return { method: "PATCH", path: `${at}${options}`, contentType: strategic, body: kind.part(random) };
  if (choose < 0.76) return put(random, kind, { at, name, options }, before);
  if (choose < 0.84) {
    const [first, ...rest] = kind.subresources(random);
    const chosen = first === undefined ? undefined : random.pick([first, ...rest]);
    if (chosen === undefined) return { method: "GET", path: `${at}?resourceVersion=0` };
    return { method: "PATCH", path: `${at}${chosen.path}${options}`, contentType: merge, body: chosen.body };
  }
  if (choose < 0.9)
    return {
      method: "GET",
      path: `${collection}?${random.pick(["limit=1", "labelSelector=tier%3Dweb", "labelSelector=tier%20in%20(web%2Cdb)", "labelSelector=!tier", "fieldSelector=metadata.name%3Da", "fieldSelector=metadata.name!%3Da", ""])}`,
    };
  if (choose < 0.95) return { method: "GET", path: at };
  return { method: "DELETE", path: `${at}${random.pick(["", "?propagationPolicy=Background", "?dryRun=All"])}` };
}

/** A PUT, often over a version that is not the newest. */
function put(
  random: Random,
  kind: Kind,
  { at, name, options }: { readonly at: string; readonly name: string; readonly options: string },
  before: readonly Step[],
): Step {
  const object = kind.object(random, name);
  const version = random.chance(0.5) ? { resourceVersion: `$rv(${String(random.below(before.length))})` } : {};
  return { method: "PUT", path: `${at}${options}`, body: { ...object, metadata: { ...(object["metadata"] as object), ...version } } };
}

const metadata = (random: Random, name: string): object => ({
  name,
  ...(random.chance(0.5) ? { labels: { tier: random.pick(["web", "db", "cache"]), ...(random.chance(0.3) ? { extra: "x" } : {}) } } : {}),
  ...(random.chance(0.3) ? { annotations: { note: random.pick(["x", "y"]) } } : {}),
  ...(random.chance(0.1) ? { finalizers: ["example.com/hold"] } : {}),
});

const partOfMetadata = (random: Random): object =>
  random.pick<object>([
    {},
    { labels: { tier: random.pick(["web", "db", null]) } },
    { annotations: { note: null } },
    { finalizers: null },
    { labels: null },
  ]);

const configMaps: Kind = {
  collection: (namespace) => `/api/v1/namespaces/${namespace}/configmaps`,
  prepare: [],
  hasStrategic: true,
  object: (random, name) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadata(random, name),
    data: Object.fromEntries(["k", "l", "m"].filter(() => random.chance(0.6)).map((key) => [key, random.pick(["1", "2", "3"])])),
  }),
  part: (random) => ({
    ...(random.chance(0.6) ? { metadata: { name: undefined, ...partOfMetadata(random) } } : {}),
    data: random.pick<object | null>([{ k: "9" }, { l: null }, { n: "new" }, null, { "bad key": "x" }]),
  }),
  jsonPatch: (random) =>
    random.pick<readonly object[]>([
      [{ op: "add", path: "/data/z", value: "26" }],
      [{ op: "remove", path: "/data/k" }],
      [
        { op: "test", path: "/data/k", value: "1" },
        { op: "replace", path: "/data/k", value: "7" },
      ],
      [{ op: "add", path: "/metadata/labels", value: { tier: "db" } }],
      [{ op: "move", from: "/data/k", path: "/data/moved" }],
      [{ op: "copy", from: "/data/k", path: "/data/copied" }],
    ]),
  subresources: () => [],
};

const gadgetKind: Kind = {
  collection: (namespace) => `/apis/play.example.com/v1/namespaces/${namespace}/gadgets`,
  prepare: gadgets,
  hasStrategic: false,
  object: (random, name) => ({
    apiVersion: "play.example.com/v1",
    kind: "Gadget",
    metadata: metadata(random, name),
    spec: {
      ...(random.chance(0.7) ? { size: random.pick<unknown>([1, 5, 99, -1, "big", 2.5]) } : {}),
      ...(random.chance(0.5) ? { color: random.pick(["red", "blue", "pink"]) } : {}),
      ...(random.chance(0.6)
        ? {
            ports: [{ port: random.pick([80, 443]), name: random.pick(["x", "y"]) }, ...(random.chance(0.5) ? [{ port: 443, protocol: "UDP" }] : [])],
          }
        : {}),
      ...(random.chance(0.4) ? { tags: random.pick([["a"], ["a", "b"], ["b", "a"], ["a", "a"]]) } : {}),
      ...(random.chance(0.3) ? { whole: random.pick<object>([{ x: "1" }, { y: "2" }]) } : {}),
      ...(random.chance(0.2) ? { unknownField: true } : {}),
      ...(random.chance(0.3) ? { free: { anything: [1, "two", null] } } : {}),
      ...(random.chance(0.3) ? { either: random.pick<unknown>([8, "50%"]) } : {}),
    },
  }),
  part: (random) => ({
    ...(random.chance(0.4) ? { metadata: partOfMetadata(random) } : {}),
    spec: random.pick<object>([
      { size: random.pick<unknown>([2, 7, 200, null]) },
      { color: random.pick(["blue", null]) },
      { ports: random.pick<unknown>([[{ port: 8080 }], null, []]) },
      { tags: ["c"] },
      { whole: { z: "3" } },
      { replicas: random.pick([0, 1, 4]) },
    ]),
  }),
  jsonPatch: (random) =>
    random.pick<readonly object[]>([
      [{ op: "add", path: "/spec/ports/-", value: { port: 9 } }],
      [{ op: "replace", path: "/spec/size", value: 3 }],
      [{ op: "remove", path: "/spec/color" }],
      [{ op: "add", path: "/spec/tags", value: ["q"] }],
      [{ op: "test", path: "/spec/size", value: 5 }],
    ]),
  subresources: (random) => [
    { path: "/status", body: { status: { phase: random.pick(["Ready", "Lost"]), replicas: random.below(3) }, spec: { size: 50 } } },
    { path: "/scale", body: { spec: { replicas: random.below(4) } } },
  ],
};
