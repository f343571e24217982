import { ApiError, type HttpResponse, notFound, type RequestInfo } from "@dataplane/meta";
import { metadataView, readsMetadataOnly } from "../conversion/metadata-view.js";
import type { Verb } from "../resource.js";
import { serveComputed } from "./computed.js";
import { create } from "./create.js";
import { remove, removeCollection } from "./delete.js";
import { get } from "./get.js";
import { list } from "./list.js";
import { patch } from "./patch.js";
import { serveScale } from "./scale.js";
import { update } from "./update.js";
import { methodNotAllowed, type VerbCall, warn } from "./verb-call.js";
import { watch } from "./watch.js";

const verbs: Readonly<Record<Verb, (call: VerbCall) => Promise<HttpResponse>>> = {
  get,
  list,
  watch,
  create,
  update,
  patch,
  delete: remove,
  deletecollection: removeCollection,
};

const isVerb = (verb: string): verb is Verb => Object.hasOwn(verbs, verb);

/** Answers a request for a resource that is served, or for one of its subresources. */
export async function serveResource(call: VerbCall): Promise<HttpResponse> {
  const { info, resource } = call;
  requireScope(call);
  const { deprecationWarning } = resource.definition;
  if (deprecationWarning !== undefined) warn(call, [deprecationWarning]);
  if (!isVerb(info.verb)) throw methodNotAllowed();
  if (info.subresource !== "") return serveSubresource(call, info.verb);
  if (!resource.verbs.has(info.verb) || !fitsTarget(info)) throw methodNotAllowed();
  const isConverted = resource.definition.versioned?.converter !== undefined;
  return verbs[info.verb](isConverted && readsMetadataOnly(call) ? { ...call, resource: metadataView(resource) } : call);
}

/** A name is asked for by exactly the verbs that mean one object. */
function fitsTarget({ verb, name }: RequestInfo): boolean {
  if (verb === "list" || verb === "watch" || verb === "deletecollection") return true;
  return verb === "create" ? name === "" : name !== "";
}

function serveSubresource(call: VerbCall, verb: Verb): Promise<HttpResponse> {
  const { definition } = call.resource;
  const { subresource } = call.info;
  const isStatus = subresource === "status" && definition.hasStatus === true;
  const isScale = subresource === "scale" && definition.scale !== undefined;
  if (definition.versioned !== undefined && (isStatus || isScale) && !viewVerbs.has(verb)) throw notSupported(call);
  if (isStatus) {
    if (!viewVerbs.has(verb)) throw methodNotAllowed();
    return verbs[verb](call);
  }
  if (subresource === "scale" && definition.scale !== undefined) return serveScale(call, definition.scale);
  const computed = definition.computed?.find(({ name }) => name === subresource);
  if (computed === undefined)
    throw definition.versioned === undefined ? unknownResource() : notFound(definition.plural, call.info.name, definition.group);
  return serveComputed(call, computed);
}

const viewVerbs: ReadonlySet<string> = new Set(["get", "update", "patch"]);

/** What custom resources say of a verb that their status and scale do not have. */
function notSupported({ resource: { definition }, info }: VerbCall): ApiError {
  const { group, plural } = definition;
  const message = `${info.verb} is not supported on resources of kind ${JSON.stringify(`${plural}.${group}`)}`;
  return new ApiError("MethodNotAllowed", message, { details: { group, kind: plural } });
}

/** `/namespaces/x/` before a cluster-scoped resource is no path, nor is a namespaced object without a namespace. */
function requireScope({ resource: { definition }, info }: VerbCall): void {
  const isNamespaceItself = definition.group === "" && definition.plural === "namespaces";
  if (definition.scope === "cluster" && info.namespace !== "" && !isNamespaceItself) throw unknownResource();
  if (definition.scope === "namespaced" && info.namespace === "" && info.verb !== "list" && info.verb !== "watch") throw unknownResource();
}

/** A path under which nothing is served. */
export const unknownResource = (): ApiError => new ApiError("NotFound", "the server could not find the requested resource", { details: {} });
