import { json } from "@dataplane/apiserver";
import { ApiError, badRequest, type Clock, type HttpRequest } from "@dataplane/meta";
import type { WebSocket } from "ws";
import { namespaceOf } from "../legacy/legacy-data-source.js";
import type { LegacyRoute } from "../legacy/legacy-handler.js";
import { methodNotAllowed } from "../method-not-allowed.js";
import { headerOf, readText } from "../request-body.js";
import { parseChannel } from "./centrifuge/channel-name.js";
import type { Live } from "./centrifuge/live.js";
import { liveOf } from "./live-routes.js";
import { parseLineProtocol } from "./push/line-protocol.js";
import { framesOf } from "./push/point-frames.js";
import { errorText } from "./stream-forms.js";

const path = /^\/api\/live\/push\/([^/]+)$/;

/** `POST /api/live/push/<stream>`: InfluxDB's line protocol, to the channels `stream/<stream>/<measurement>`. The filters let admins alone. */
const post: LegacyRoute["handle"] = async (request, options, [stream]) => {
  requireNoForm(request);
  const text = await readText(request, options.limits.bodyBytes);
  await publishAll(text, { live: liveOf(options), clock: options.clock, namespace: namespaceOf(request), stream });
  return json(200, {});
};

/** The same over a WebSocket: each message some lines. */
const webSocket: LegacyRoute["handle"] = (request, options, [stream]) => {
  const target: Target = { live: liveOf(options), clock: options.clock, namespace: namespaceOf(request), stream };
  return Promise.resolve(target.live.connect(request, (opened) => pushEach(opened, target)));
};

/** One route, since the first that fits a path says which methods it has. */
export const push: LegacyRoute = {
  method: "*",
  path,
  handle: (request, options, parameters) => {
    if (request.method === "POST") return post(request, options, parameters);
    if (request.method === "GET") return webSocket(request, options, parameters);
    throw methodNotAllowed(request.method, "GET, POST");
  },
};

interface Target {
  readonly live: Live;
  readonly clock: Clock;
  readonly namespace: string;
  readonly stream: string;
}

/** All of it, or nothing. Throws BadRequest. */
async function publishAll(text: string, { live, clock, namespace, stream }: Target): Promise<void> {
  const frames = framesOf(parseLineProtocol(text), BigInt(clock.now().getTime()) * 1_000_000n);
  const named = [...frames].map(([measurement, frame]) => ({ channel: parseChannel(`stream/${stream}/${measurement}`, namespace), frame }));
  await Promise.all(named.map(({ channel, frame }) => live.local.publish(channel, frame)));
}

/** In order, and no faster than subscribers are sent it; what is wrong is answered, and the next message is another try. */
function pushEach(webSocket: WebSocket, target: Target): void {
  let last = Promise.resolve();
  webSocket.on("error", () => webSocket.terminate());
  webSocket.on("message", (data, isBinary) => {
    webSocket.pause();
    last = last
      .then(() => publishAll(textOf(data, isBinary), target))
      .catch((thrown: unknown) => webSocket.send(errorText(ApiError.from(thrown)), { binary: false }))
      .then(() => webSocket.resume());
  });
}

function textOf(data: unknown, isBinary: boolean): string {
  if (isBinary || !Buffer.isBuffer(data)) throw badRequest("a message is text");
  return data.toString("utf8");
}

/** A page of another site could send a form with the user's credentials, without asking first. */
function requireNoForm(request: HttpRequest): void {
  const origin = headerOf(request, "origin");
  const isCrossSite = headerOf(request, "sec-fetch-site")?.toLowerCase() === "cross-site";
  if (isCrossSite || (origin !== undefined && !sameHost(origin, headerOf(request, "host")))) {
    throw new ApiError("Forbidden", "a push from a page of another site is refused");
  }
}

const sameHost = (origin: string, host: string | undefined): boolean => URL.canParse(origin) && new URL(origin).host === host;
