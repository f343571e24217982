import { json } from "@dataplane/apiserver";
import { ApiError, type ApiObject, type HttpRequest, notFound } from "@dataplane/meta";
import type { Plugin } from "@dataplane/plugin-host";
import { dataSourcesOf } from "../plugin-contexts-client.js";
import { legacyDataSource, legacyIdOf, legacyNameOf } from "./data-source-shape.js";
import { isAllowed, namespaceOf, requireAllowed } from "./legacy-data-source.js";
import type { LegacyOptions, LegacyRoute } from "./legacy-handler.js";

interface Found {
  readonly object: ApiObject;
  readonly plugin: Plugin;
}

/** `GET /api/datasources`: those that the caller may get, by name. */
const list: LegacyRoute = {
  method: "GET",
  path: /^\/api\/datasources$/,
  handle: async (request, options) => {
    const readable = await readableDataSources(request, options);
    return json(
      200,
      readable.map(({ object, plugin }) => legacyDataSource(object, plugin)),
    );
  },
};

/** `GET /api/datasources/uid/:uid`. */
const byUid: LegacyRoute = {
  method: "GET",
  path: /^\/api\/datasources\/uid\/([^/]+)$/,
  handle: async (request, options, [uid]) => {
    const namespace = namespaceOf(request);
    const found = (await allDataSources(request, options, uid)).at(0);
    if (found === undefined) throw notFound("datasources", uid);
    await requireAllowed(request, options.authorizer, { pluginId: found.plugin.id, namespace, uid, verb: "get", subresource: "" });
    return json(200, legacyDataSource(found.object, found.plugin));
  },
};

/** `GET /api/datasources/name/:name`. */
const byName: LegacyRoute = {
  method: "GET",
  path: /^\/api\/datasources\/name\/([^/]+)$/,
  handle: async (request, options, [name]) => {
    const { object, plugin } = await named(request, options, name);
    return json(200, legacyDataSource(object, plugin));
  },
};

/** `GET /api/datasources/id/:name`: the number of a name. */
const idOfName: LegacyRoute = {
  method: "GET",
  path: /^\/api\/datasources\/id\/([^/]+)$/,
  handle: async (request, options, [name]) => json(200, { id: legacyIdOf((await named(request, options, name)).object) }),
};

/** `GET /api/datasources/:id`. */
const byId: LegacyRoute = {
  method: "GET",
  path: /^\/api\/datasources\/(\d+)$/,
  handle: async (request, options, [id]) => {
    const found = (await readableDataSources(request, options)).find(({ object }) => String(legacyIdOf(object)) === id);
    if (found === undefined) throw notFound("datasources", id);
    return json(200, legacyDataSource(found.object, found.plugin));
  },
};

export const legacyDataSources: readonly LegacyRoute[] = [list, byUid, byName, idOfName, byId];

/** One that the caller may not get is not found: its name says nothing of who may know it. */
async function named(request: HttpRequest, options: LegacyOptions, name: string): Promise<Found> {
  const found = (await readableDataSources(request, options)).find(({ object }) => legacyNameOf(object) === name);
  if (found === undefined) throw notFound("datasources", name);
  return found;
}

async function readableDataSources(request: HttpRequest, options: LegacyOptions): Promise<readonly Found[]> {
  const namespace = namespaceOf(request);
  const all = await allDataSources(request, options);
  const readable = await Promise.all(
    all.map(({ object, plugin }) => {
      const asked = { pluginId: plugin.id, namespace, uid: object.metadata.name, verb: "get", subresource: "" };
      return isAllowed(request, options.authorizer, asked);
    }),
  );
  return all.filter((_, index) => readable[index]).sort((a, b) => (legacyNameOf(a.object) < legacyNameOf(b.object) ? -1 : 1));
}

/** Of each plugin, where its data sources are canonical; only that one when `uid` is told. */
async function allDataSources(request: HttpRequest, { plugins, client }: LegacyOptions, uid?: string): Promise<readonly Found[]> {
  const namespace = namespaceOf(request);
  const options = { namespace, ...(uid === undefined ? {} : { fieldSelector: `metadata.name=${escaped(uid)}` }) };
  const found = plugins.list().map(async (plugin): Promise<readonly Found[]> => {
    const resource = plugin.json.type === "datasource" ? dataSourcesOf(plugin.id) : undefined;
    if (resource === undefined) return [];
    try {
      const { items } = await client.list<ApiObject>(resource, options, request.signal);
      // A selector is read with less care than a name: what the caller may do is asked of the name that is here.
      return items.filter(({ metadata }) => uid === undefined || metadata.name === uid).map((object) => ({ object, plugin }));
    } catch (thrown) {
      // A plugin may have been found whose group is not served yet, or not at all.
      if (thrown instanceof ApiError && thrown.code === 404) return [];
      throw thrown;
    }
  });
  return (await Promise.all(found)).flat();
}

/** A value of a field selector (https://pkg.go.dev/k8s.io/apimachinery/pkg/fields#EscapeValue). */
const escaped = (value: string): string => value.replaceAll(/[\\,=]/g, String.raw`\$&`);
