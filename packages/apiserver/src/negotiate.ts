import { ApiError, type HttpRequest } from "@dataplane/meta";
import { protobufMediaType } from "./protobuf/media-type.js";

/** The form an answer takes: media type, and for tables and metadata the kind asked for by `as`. */
export interface Representation {
  readonly mediaType: "application/json" | "application/yaml" | typeof protobufMediaType;
  readonly as: "object" | "table" | "metadata";
  /** Of meta.k8s.io, for tables and metadata. */
  readonly version: "v1" | "v1beta1";
}

/** What an answer can be, beside JSON. */
export interface Offer {
  /** True of kinds that have that form (`hasProtobuf`). Metadata alone has it of any kind. */
  readonly protobuf: boolean;
  /** False of what is no object with metadata: an answer to a question. */
  readonly transforms: boolean;
  /** False of watches. */
  readonly yaml: boolean;
}

interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

/** What of an Accept header we can do best, in the client's order. Throws NotAcceptable. */
export function negotiate(request: Pick<HttpRequest, "headers">, offer: Offer): Representation {
  for (const range of parseAccept(request)) {
    const found = representationOf(range, offer);
    if (found !== undefined) return found;
  }
  throw new ApiError("NotAcceptable", `only the following media types are accepted: ${served(offer).join(", ")}`);
}

function served({ protobuf, yaml }: Offer): readonly string[] {
  const suffix = yaml ? "" : ";stream=watch";
  return [`application/json${suffix}`, ...(yaml ? ["application/yaml"] : []), ...(protobuf ? [`${protobufMediaType}${suffix}`] : [])];
}

/** Whether a client would rather have a failure in protobuf than in JSON. */
export const prefersProtobuf = (request: Pick<HttpRequest, "headers">): boolean =>
  parseAccept(request).find(({ type }) => mediaTypes.has(type))?.type === protobufMediaType;

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

function representationOf({ type, parameters }: MediaRange, { protobuf, transforms, yaml }: Offer): Representation | undefined {
  const mediaType = mediaTypes.get(type);
  if (mediaType === undefined || (mediaType === "application/yaml" && !yaml)) return undefined;
  const form = formOf(parameters);
  if (form === undefined) return undefined;
  const isProtobuf = mediaType === protobufMediaType;
  if (form.as === "object") return isProtobuf && !protobuf ? undefined : { mediaType, ...form };
  // Tables have no form in protobuf.
  if (!transforms || (isProtobuf && (form.as === "table" || form.version !== "v1"))) return undefined;
  return { mediaType, ...form };
}

function formOf(parameters: MediaRange["parameters"]): Pick<Representation, "as" | "version"> | undefined {
  const as = parameters.get("as") ?? "";
  if (as === "") return { as: "object", version: "v1" };
  const version = parameters.get("v") ?? "v1";
  const group = parameters.get("g") ?? "meta.k8s.io";
  if (group !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1")) return undefined;
  if (as === "Table") return { as: "table", version };
  return as === "PartialObjectMetadata" || as === "PartialObjectMetadataList" ? { as: "metadata", version } : undefined;
}

const mediaTypes: ReadonlyMap<string, Representation["mediaType"]> = new Map([
  ["application/json", "application/json"],
  ["application/*", "application/json"],
  ["*/*", "application/json"],
  ["application/yaml", "application/yaml"],
  [protobufMediaType, protobufMediaType],
]);
