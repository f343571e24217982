import { type Kind, metadata, partOfMetadata } from "./random-kind.js";

/** Lives of ConfigMaps. */
export const configMaps: Kind = {
  name: "configmaps",
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
