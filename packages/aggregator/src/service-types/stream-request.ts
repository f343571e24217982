import { badRequest, type HttpRequest } from "@dataplane/meta";
import type { StreamPosition } from "../live/channels.js";
import { headerOf, readText, requireJsonContentType } from "../request-body.js";
import type { PluginCall } from "./service-type.js";

/** Grafana's own bound of a channel's name. */
const longestPath = 160;

/** The channel's path, as plugins know it: Grafana lets these characters alone pass. Throws BadRequest. */
export function streamPath(path: string): string {
  if (path.length > longestPath) throw badRequest(`the path of a stream has at most ${longestPath} characters`);
  if (!/^[\w./=-]+$/.test(path)) throw badRequest("the path of a stream has only letters, digits, and any of _ - . = /");
  return path;
}

/** `?data=<JSON>`: what the subscriber tells the plugin. Throws BadRequest. */
export function subscriberData({ query }: HttpRequest): Uint8Array {
  const text = query.get("data");
  if (text === null || text === "") return new Uint8Array();
  requireJson(text, "data");
  return Buffer.from(text);
}

/**
 * `Last-Event-ID`, or `?lastEventId=` for those who cannot send headers: `<epoch>-<offset>`. What is not of that form was never ours and
 * is nothing to resume: an epoch that is over.
 */
export function resumePosition(request: HttpRequest): StreamPosition | undefined {
  const id = headerOf(request, "last-event-id") ?? request.query.get("lastEventId") ?? "";
  if (id === "") return undefined;
  const [, epoch = "", offset = "0"] = /^([\da-f]{1,32})-(\d{1,15})$/.exec(id) ?? [];
  return { epoch, offset: Number(offset) };
}

/** The body of a POST: JSON. Throws BadRequest, UnsupportedMediaType or RequestEntityTooLarge. */
export async function publishedData({ request, limits }: Pick<PluginCall, "request" | "limits">): Promise<Uint8Array> {
  requireJsonContentType(request);
  const text = await readText(request, limits.bodyBytes);
  requireJson(text, "the body");
  return Buffer.from(text);
}

function requireJson(text: string, what: string): void {
  try {
    JSON.parse(text);
  } catch (cause) {
    throw badRequest(`${what} is no JSON`, { cause });
  }
}
