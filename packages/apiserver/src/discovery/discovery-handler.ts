import { createHash } from "node:crypto";
import { ApiError, type HttpRequest, type HttpResponse, type JsonObject } from "@dataplane/meta";
import type { ApiSource } from "../api-source.js";
import { parseAccept } from "../negotiate.js";
import { json } from "../render.js";
import { aggregatedDiscovery } from "./aggregated.js";
import { apiGroup, apiGroupList, apiResourceList, apiVersions, rootPaths } from "./classic.js";
import { type MergedGroup, mergedGroups } from "./merged-groups.js";

interface Document {
  readonly body: Uint8Array;
  readonly etag: string;
  readonly contentType: string;
}

/** Answers `/` with the paths there are, `/api`, `/apis` and below them groups and versions; undefined for any other path. */
export type Discovery = (request: HttpRequest) => HttpResponse | undefined;

/** Documents are made when first asked for after a source has changed. */
export function createDiscovery(sources: readonly ApiSource[]): Discovery {
  let seen = "";
  let groups: readonly MergedGroup[] = [];
  let documents = new Map<string, Document>();
  const refresh = (): void => {
    const generations = sources.map(({ generation }) => generation).join();
    if (generations === seen) return;
    groups = mergedGroups(sources);
    documents = new Map();
    seen = generations;
  };
  const aggregated = (root: "api" | "apis", version: "v2" | "v2beta1"): Document => {
    const key = `${root} ${version}`;
    const known = documents.get(key);
    if (known !== undefined) return known;
    const wanted = groups.filter(({ group }) => (group === "") === (root === "api"));
    const made = documentOf(aggregatedDiscovery(wanted, version), `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`);
    documents.set(key, made);
    return made;
  };
  return (request) => {
    const segments = segmentsOf(request);
    const [root, ...rest] = segments;
    if (root !== undefined && root !== "api" && root !== "apis") return undefined;
    refresh();
    if (root === undefined) return json(200, { paths: rootPaths(groups) });
    if (rest.length > 0) return answerClassic(root, rest, groups);
    const version = aggregatedVersion(request);
    if (version !== undefined) return conditional(request, aggregated(root, version));
    return json(200, root === "api" ? apiVersions(groups) : apiGroupList(groups), { vary: "Accept" });
  };
}

const segmentsOf = ({ context, path }: HttpRequest): readonly string[] => (context.info?.path ?? path).split("/").filter((segment) => segment !== "");

function answerClassic(root: "api" | "apis", rest: readonly string[], groups: readonly MergedGroup[]): HttpResponse | undefined {
  const [name = "", version, ...more] = root === "api" ? ["", ...rest] : rest;
  if (more.length > 0) return undefined;
  const found = groups.find(({ group }) => group === name);
  if (found === undefined) return undefined;
  if (version === undefined) return json(200, { kind: "APIGroup", apiVersion: "v1", ...apiGroup(found) });
  const served = found.versions.find((it) => it.version === version);
  return served === undefined ? undefined : json(200, apiResourceList(name, served));
}

/** The first form of discovery that the client names and we have; undefined for the classic one. */
function aggregatedVersion(request: HttpRequest): "v2" | "v2beta1" | undefined {
  for (const { type, parameters } of parseAccept(request)) {
    const isJson = type === "application/json" || type === "*/*" || type === "application/*";
    if (isJson && !parameters.has("as")) return undefined;
    const version = parameters.get("v");
    const isAggregated = parameters.get("as") === "APIGroupDiscoveryList" && parameters.get("g") === "apidiscovery.k8s.io";
    if (type === "application/json" && isAggregated && (version === "v2" || version === "v2beta1")) return version;
  }
  throw new ApiError("NotAcceptable", "only the following media types are accepted: application/json");
}

function documentOf(value: JsonObject, contentType: string): Document {
  const body = new TextEncoder().encode(JSON.stringify(value));
  const etag = `"${createHash("sha256").update(body).digest("hex").toUpperCase()}"`;
  return { body, etag, contentType };
}

function conditional({ headers }: HttpRequest, { body, etag, contentType }: Document): HttpResponse {
  const common = { etag, vary: "Accept", "cache-control": "public" };
  if (headers["if-none-match"] === etag) return { status: 304, headers: common };
  return { status: 200, headers: { ...common, "content-type": contentType }, body };
}
