import { json } from "@dataplane/apiserver";
import { membersOf } from "@dataplane/frames";
import { ApiError, badRequest, type HttpRequest, notFound } from "@dataplane/meta";
import { namespaceOf } from "../legacy/legacy-data-source.js";
import type { LegacyOptions, LegacyRoute } from "../legacy/legacy-handler.js";
import { readText, requireJsonContentType } from "../request-body.js";
import { channelName, parseChannel } from "./centrifuge/channel-name.js";
import type { Live, OpenChannel } from "./centrifuge/live.js";

/** `GET /api/live/ws`: clients of Centrifuge. */
const webSocket: LegacyRoute = {
  method: "GET",
  path: /^\/api\/live\/ws$/,
  handle: (request, options) => Promise.resolve(liveOf(options).connect(request)),
};

/** `POST /api/live/publish {"channel", "data"}`: the channel without its prefix, in the caller's organisation. */
const publish: LegacyRoute = {
  method: "POST",
  path: /^\/api\/live\/publish$/,
  handle: async (request, options) => {
    const live = liveOf(options);
    requireJsonContentType(request);
    const { channel, data } = publication(await readText(request, options.limits.bodyBytes));
    await live.access.publish(parseChannel(channel, namespaceOf(request)), { request, data: Buffer.from(data), signal: request.signal });
    return json(200, {});
  },
};

/** `GET /api/live/list`: channels that are open, of those that the caller may read. */
const list: LegacyRoute = {
  method: "GET",
  path: /^\/api\/live\/list$/,
  handle: async (request, options) => {
    const namespace = namespaceOf(request);
    const live = liveOf(options);
    const own = live.list().filter(({ name }) => name.namespace === namespace);
    const readable = await Promise.all(own.map(async (channel) => ((await mayRead(live, channel, request)) ? [shapeOf(channel)] : [])));
    return json(200, { channels: readable.flat() });
  },
};

/** `GET /api/live/info/<channel>`: one of them. */
const info: LegacyRoute = {
  method: "GET",
  path: /^\/api\/live\/info\/(.+)$/,
  handle: async (request, options, [text]) => {
    const live = liveOf(options);
    const name = parseChannel(decoded(text), namespaceOf(request));
    await live.access.authorize(name, "get", request);
    const open = live.list().find((it) => it.name.namespace === name.namespace && channelName(it.name) === channelName(name));
    if (open === undefined) throw notFound("channels", channelName(name));
    return json(200, shapeOf(open));
  },
};

export const liveRoutes: readonly LegacyRoute[] = [webSocket, publish, list, info];

export function liveOf({ live }: Pick<LegacyOptions, "live">): Live {
  if (live === undefined) throw new ApiError("NotImplemented", "Live is not served here");
  return live;
}

async function mayRead(live: Live, { name }: OpenChannel, request: HttpRequest): Promise<boolean> {
  try {
    await live.access.authorize(name, "get", request);
    return true;
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.code !== 500) return false;
    throw thrown;
  }
}

const shapeOf = ({ name, state: { subscribers, position } }: OpenChannel) => ({ channel: channelName(name), subscribers, ...position });

/** `data` stays as it was sent: numbers are not rounded. Throws BadRequest. */
function publication(text: string): { readonly channel: string; readonly data: string } {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw badRequest("the body is no JSON", { cause });
  }
  if (typeof body !== "object" || body === null || !("channel" in body) || typeof body.channel !== "string" || !("data" in body)) {
    throw badRequest('the body must be {"channel": <text>, "data": <JSON>}');
  }
  const data = membersOf(text.trim()).get("data") ?? "null";
  return { channel: body.channel, data };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw badRequest("the path is not percent-encoded UTF-8", { cause });
  }
}
