import { gadgets } from "./gadget-crd.js";
import { type Kind, metadata, partOfMetadata } from "./random-kind.js";

/** Lives of custom resources. */
export const gadgetKind: Kind = {
  name: "gadgets",
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
    { path: "/scale", body: { spec: { replicas: 1 + random.below(3) } } },
  ],
};
