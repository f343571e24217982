import { Random } from "../testing/random.js";
import { badRequests } from "./bad-requests.js";
import { bindings, leases, roles, secrets, serviceAccounts } from "./builtin-kinds.js";
import { configMaps } from "./config-map-kind.js";
import { definitions } from "./definitions.js";
import { directives } from "./directives.js";
import { gadgetKind } from "./gadget-kind.js";
import { namespaces } from "./namespaces.js";
import { pages } from "./pages.js";
import type { Kind } from "./random-kind.js";
import type { Step } from "./step.js";
import { subresources } from "./subresources.js";

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
  return [
    ...lives(configMaps, 16),
    ...lives(gadgetKind, 20),
    ...[secrets, roles, bindings, serviceAccounts, leases].flatMap((kind) => lives(kind, 4)),
    { name: "wrong requests", steps: badRequests() },
    { name: "namespaces", steps: namespaces() },
    { name: "definitions", steps: definitions() },
    { name: "directives", steps: directives() },
    { name: "pages", steps: pages() },
    { name: "subresources", steps: subresources() },
  ];
}

const lives = (kind: Kind, count: number): readonly Sequence[] =>
  Array.from({ length: count }, (_, index) => ({ name: `${kind.name} ${String(index + 1)}`, steps: life(index + 1, kind) }));

function life(seed: number, kind: Kind): readonly Step[] {
  const random = new Random(seed);
  const namespace = `${kind.name}-${String(seed)}`;
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
  if (choose < 0.68) return { method: "PATCH", path: `${at}${options}`, contentType: strategic, body: (kind.strategicPart ?? kind.part)(random) };
  if (choose < 0.76) return put(random, kind, { at, name, options }, before);
  if (choose < 0.84) return throughSubresource(random, kind, at, options);
  if (choose < 0.9)
    return {
      method: "GET",
      path: `${collection}?${random.pick(["limit=1", "labelSelector=tier%3Dweb", "labelSelector=tier%20in%20(web%2Cdb)", "labelSelector=!tier", "fieldSelector=metadata.name%3Da", "fieldSelector=metadata.name!%3Da", ""])}`,
    };
  if (choose < 0.95) return { method: "GET", path: at };
  return { method: "DELETE", path: `${at}${random.pick(["", "?propagationPolicy=Background", "?dryRun=All"])}` };
}

/** Of a kind without any, a read in its place. */
function throughSubresource(random: Random, kind: Kind, at: string, options: string): Step {
  const [first, ...rest] = kind.subresources(random);
  if (first === undefined) return { method: "GET", path: `${at}?` };
  const { path, body } = random.pick([first, ...rest]);
  return { method: "PATCH", path: `${at}${path}${options}`, contentType: merge, body };
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
