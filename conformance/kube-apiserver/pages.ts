import { get, merge, namespaceOf, post, remove } from "./request.js";
import type { Step } from "./step.js";

const maps = "/api/v1/namespaces/pages/configmaps";
const gadgets = "/apis/play.example.com/v1/namespaces/pages/gadgets";
const table = "application/json;as=Table;v=v1;g=meta.k8s.io";
const partialList = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
const partial = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";

const configMap = (name: string): Step =>
  post(maps, { apiVersion: "v1", kind: "ConfigMap", metadata: { name, labels: { page: name.slice(0, 1) } }, data: { k: name } });
const gadget = (name: string, size: number): Step =>
  post(gadgets, { apiVersion: "play.example.com/v1", kind: "Gadget", metadata: { name, labels: { size: String(size) } }, spec: { size } });

const made: readonly Step[] = [
  namespaceOf("pages"),
  ...["a1", "a2", "b1", "b2", "c1"].map(configMap),
  ...["a", "b", "c", "d"].map((name, index) => gadget(name, index)),
];

const first = made.length;

/** Lists page by page, and objects in other representations. */
export const pages = (): readonly Step[] => [
  ...made,
  get(`${maps}?limit=2`),
  get(`${maps}?limit=2&continue=$continue(${String(first)})`),
  get(`${maps}?limit=2&continue=$continue(${String(first + 1)})`),
  get(`${maps}?limit=2&continue=$continue(${String(first)})&labelSelector=page%3Db`),
  get(`${maps}?limit=3&labelSelector=page%20in%20(a%2Cb)`),
  get(`${maps}?limit=3&labelSelector=page%20in%20(a%2Cb)&continue=$continue(${String(first + 4)})`),
  get(`${maps}?continue=$continue(${String(first)})&resourceVersion=1`),
  get(`${maps}?continue=$continue(${String(first)})&resourceVersionMatch=NotOlderThan`),
  get(`${maps}?limit=0`),
  get(`${maps}?limit=100`),
  get(`${gadgets}?limit=3`),
  get(`${gadgets}?limit=3&continue=$continue(${String(first + 10)})`),
  get(`${gadgets}?labelSelector=size%3E1`),
  get(`${gadgets}?labelSelector=size%3C2%2Csize!%3D0`),
  get(`${gadgets}?labelSelector=size%20notin%20(1%2C2)`),
  get(`${gadgets}?fieldSelector=metadata.name%3Da%2Cmetadata.namespace%3Dpages`),
  get(`${gadgets}?fieldSelector=metadata.name!%3Da`),
  get(`${maps}?resourceVersion=0`),
  get(`${maps}?resourceVersion=0&limit=2`),
  get(`${maps}?resourceVersion=$rv(3)&resourceVersionMatch=NotOlderThan`),
  get(`${maps}?resourceVersion=$rv(3)&resourceVersionMatch=Exact`),
  get(`${maps}?resourceVersion=$rv(3)&resourceVersionMatch=Exact&limit=1`),
  merge(`${maps}/a1`, { data: { k: "new" } }),
  remove(`${maps}/a2`),
  get(`${maps}?limit=2&continue=$continue(${String(first)})`),
  // Representations.
  ...[maps, gadgets].flatMap((collection) => [
    get(`${collection}?limit=2`, { accept: table }),
    get(`${collection}?includeObject=None`, { accept: table }),
    get(`${collection}?includeObject=Object&limit=1`, { accept: table }),
    get(`${collection}?includeObject=Nope`, { accept: table }),
    get(collection, { accept: partialList }),
    get(collection, { accept: partial }),
    get(collection, { accept: "application/json;as=Table;v=v1beta1;g=meta.k8s.io" }),
    get(collection, { accept: "application/json;as=Table;v=v9;g=meta.k8s.io" }),
    get(collection, { accept: "application/json;as=Table;v=v9;g=meta.k8s.io,application/json" }),
    get(collection, { accept: "application/*" }),
    get(collection, { accept: "*/*" }),
    get(`${collection}?pretty=true&limit=1`),
  ]),
  get(`${maps}/a1`, { accept: table }),
  get(`${gadgets}/a`, { accept: table }),
  get(`${maps}/a1`, { accept: partial }),
  get(`${gadgets}/a`, { accept: partial }),
  get(`${gadgets}/a`, { accept: partialList }),
  get(`${gadgets}/missing`, { accept: table }),
  get(`${gadgets}/a/scale`, { accept: table }),
  get("/api/v1/namespaces/pages", { accept: table }),
  remove(`${gadgets}?labelSelector=size%3E1`),
  remove(`${maps}?labelSelector=page%3Db`),
  get(`${gadgets}?`),
  get(`${maps}?`),
];
