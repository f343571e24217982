import type { StoredResources } from "@dataplane/aggregator";
import type { ApiSource, DiscoveredResource, ServedGroupVersion } from "@dataplane/apiserver";
import { parseJson, readText, send, type Transport } from "@dataplane/client";
import { basePathOf, type Clock, isJsonObject, type JsonObject, type JsonValue, type Logger } from "@dataplane/meta";
import type { LocalResources } from "../aggregators-side.js";

const periodMs = 1_000;
const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/** What the API server of another process serves, as its discovery says. */
export interface ApiServerDiscovery extends LocalResources {
  /** True once it was read. */
  readonly hasSynced: boolean;
  /** False while it cannot be asked. */
  readonly isReachable: boolean;
  /** Looks at once. */
  look(): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
}

export interface ApiServerDiscoveryOptions {
  /** As the control plane. */
  readonly transport: Transport;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Asks again each second, at the cost of a 304 while nothing changed. */
export function apiServerDiscovery({ transport, clock, logger }: ApiServerDiscoveryOptions): ApiServerDiscovery {
  const listeners = new Set<() => void>();
  const etags = new Map<string, string>();
  const read = new Map<string, readonly ServedGroupVersion[]>();
  const documents = new OpenApiDocuments(transport);
  let served: readonly ServedGroupVersion[] = [];
  let resources: ReadonlySet<string> = new Set();
  let groups: ReadonlySet<string> = new Set();
  let generation = 0;
  let hasSynced = false;
  let isReachable = false;

  /** True when it is another document than before. */
  const readRoot = async (path: string): Promise<boolean> => {
    const etag = etags.get(path);
    const answer = await send(transport, { method: "GET", path, headers: { accept, ...(etag === undefined ? {} : { "if-none-match": etag }) } });
    const text = await readText(answer.body);
    if (answer.status === 304) return false;
    read.set(path, groupVersionsOf(parseJson(text)));
    const next = answer.headers["etag"];
    if (typeof next === "string") etags.set(path, next);
    return true;
  };

  const look = async (): Promise<void> => {
    const changed = await Promise.all([readRoot("/api"), readRoot("/apis")]);
    isReachable = true;
    if (hasSynced && !changed.includes(true)) return;
    const found = [...read.values()].flat();
    const described = await documents.of(found);
    served = described;
    groups = new Set(served.map(({ group }) => group));
    resources = new Set(served.flatMap((it) => it.resources.map(({ name }) => `${it.group}/${it.version}/${name}`)));
    generation += 1;
    hasSynced = true;
    for (const listener of listeners) listener();
  };

  return {
    get hasSynced() {
      return hasSynced;
    },
    get isReachable() {
      return isReachable;
    },
    look,
    source: {
      served: () => served,
      get generation() {
        return generation;
      },
    } satisfies ApiSource,
    stored: (isRemote): StoredResources => ({
      hasGroup: (group) => groups.has(group),
      hasResource: (group, version, plural) => resources.has(`${group}/${version}/${plural}`),
      hasSubresource: (group, version, plural, subresource) => resources.has(`${group}/${version}/${plural}/${subresource}`),
      isRemote,
    }),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async run(signal) {
      const isOver = (): boolean => signal.aborted;
      while (!isOver()) {
        await look().catch((thrown: unknown) => {
          if (isReachable && !isOver())
            logger.warn({ error: thrown instanceof Error ? thrown.message : String(thrown) }, "the API server cannot be asked what it serves");
          isReachable = false;
        });
        await clock.sleep(periodMs, signal).catch(() => undefined);
      }
    },
  };
}

/** The OpenAPI documents of groups and versions, read again when their hash is another. */
class OpenApiDocuments {
  readonly #transport: Transport;
  #known = new Map<string, { readonly url: string; readonly openapi: ServedGroupVersion["openapi"] }>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async of(found: readonly ServedGroupVersion[]): Promise<readonly ServedGroupVersion[]> {
    const index = await this.#json("/openapi/v3", new URLSearchParams());
    const paths = isJsonObject(index["paths"]) ? index["paths"] : {};
    const described: ServedGroupVersion[] = [];
    for (const served of found) described.push({ ...served, openapi: await this.#document(basePathOf(served).slice(1), paths) });
    return described;
  }

  async #document(key: string, paths: JsonObject): Promise<ServedGroupVersion["openapi"]> {
    const entry = paths[key];
    const url = isJsonObject(entry) && typeof entry["serverRelativeURL"] === "string" ? entry["serverRelativeURL"] : undefined;
    if (url === undefined) return { paths: {}, schemas: {} };
    const known = this.#known.get(key);
    if (known?.url === url) return known.openapi;
    const [path = "", query = ""] = url.split("?");
    const document = await this.#json(path, new URLSearchParams(query));
    const components = isJsonObject(document["components"]) ? document["components"] : {};
    const openapi = { paths: objectOr(document["paths"]), schemas: objectOr(components["schemas"]) };
    this.#known.set(key, { url, openapi });
    return openapi;
  }

  async #json(path: string, query: URLSearchParams): Promise<JsonObject> {
    const { body } = await send(this.#transport, { method: "GET", path, query });
    return objectOr(parseJson(await readText(body)));
  }
}

const objectOr = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});
const list = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? (value as readonly JsonValue[]).filter(isJsonObject) : [];
const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
const texts = (value: JsonValue | undefined): readonly string[] =>
  Array.isArray(value) ? (value as readonly JsonValue[]).filter((it) => typeof it === "string") : [];

/** Of an `APIGroupDiscoveryList` (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery). */
function groupVersionsOf(document: JsonValue): readonly ServedGroupVersion[] {
  return list(objectOr(document)["items"]).flatMap(({ metadata, versions }) => {
    const group = text(objectOr(metadata)["name"]);
    return list(versions).map((it) => ({
      group,
      version: text(it["version"]),
      resources: list(it["resources"]).flatMap(resourcesOf),
      openapi: { paths: {}, schemas: {} },
      freshness: "Current" as const,
    }));
  });
}

function resourcesOf(entry: JsonObject): readonly DiscoveredResource[] {
  const name = text(entry["resource"]);
  const namespaced = entry["scope"] === "Namespaced";
  const own = {
    ...{ name, namespaced, singularName: text(entry["singularResource"]) },
    ...kindOf(entry),
    verbs: texts(entry["verbs"]),
    ...(Array.isArray(entry["shortNames"]) ? { shortNames: texts(entry["shortNames"]) } : {}),
    ...(Array.isArray(entry["categories"]) ? { categories: texts(entry["categories"]) } : {}),
  };
  const below = list(entry["subresources"]).map((it) => ({
    ...{ name: `${name}/${text(it["subresource"])}`, namespaced, singularName: "" },
    ...kindOf(it),
    verbs: texts(it["verbs"]),
  }));
  // A resource that is known by its subresources alone has no verbs.
  return own.verbs.length === 0 ? below : [own, ...below];
}

function kindOf({ responseKind }: JsonObject): Pick<DiscoveredResource, "kind" | "responseKind"> {
  const { group, version, kind } = objectOr(responseKind);
  return { kind: text(kind), responseKind: { group: text(group), version: text(version) } };
}
