import { ApiError, type HttpRequest } from "@dataplane/meta";

/** The form an answer takes: media type, and for tables and metadata the kind asked for by `as`. */
export interface Representation {
  readonly mediaType: "application/json" | "application/yaml";
  readonly as: "object" | "table" | "metadata";
  /** Of meta.k8s.io, for tables and metadata. */
  readonly version: "v1" | "v1beta1";
}

interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

const served = "application/json, application/yaml";

/** What of an Accept header we can do best, in the client's order. `isList` lets the list forms of `as` match. Throws NotAcceptable. */
export function negotiate(request: Pick<HttpRequest, "headers">): Representation {
  for (const range of parseAccept(request)) {
    const found = representationOf(range);
    if (found !== undefined) return found;
  }
  throw new ApiError("NotAcceptable", `only the following media types are accepted: ${served}`);
}

export function parseAccept({ headers }: Pick<HttpRequest, "headers">): readonly MediaRange[] {
  const header = headers["accept"];
  const text = typeof header === "string" ? header : (header ?? []).join(",");
  if (text.trim() === "") return [{ type: "*/*", parameters: new Map(), quality: 1 }];
  return text
    .split(",")
    .map(parseRange)
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
}

function parseRange(text: string): MediaRange {
  const [type = "", ...rest] = text.split(";").map((part) => part.trim());
  const parameters = new Map(
    rest.map((part): [string, string] => {
      const at = part.indexOf("=");
      return at < 0 ? [part.toLowerCase(), ""] : [part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()];
    }),
  );
  const quality = Number(parameters.get("q") ?? "1");
  return { type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 1 : quality };
}

function representationOf({ type, parameters }: MediaRange): Representation | undefined {
  const mediaType = mediaTypes.get(type);
  if (mediaType === undefined) return undefined;
  const as = parameters.get("as");
  if (as === undefined || as === "") return { mediaType, as: "object", version: "v1" };
  const version = parameters.get("v") ?? "v1";
  const group = parameters.get("g") ?? "meta.k8s.io";
  if (group !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1")) return undefined;
  if (as === "Table") return { mediaType, as: "table", version };
  if (as === "PartialObjectMetadata" || as === "PartialObjectMetadataList") return { mediaType, as: "metadata", version };
  return undefined;
}

const mediaTypes: ReadonlyMap<string, Representation["mediaType"]> = new Map([
  ["application/json", "application/json"],
  ["application/*", "application/json"],
  ["*/*", "application/json"],
  ["application/yaml", "application/yaml"],
]);
