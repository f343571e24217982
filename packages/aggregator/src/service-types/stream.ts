import { ApiError, type HttpResponse, LinkedAbort } from "@dataplane/meta";
import type { ChannelKey, StreamChannels, Subscription } from "../live/channels.js";
import { requireOwnOrigin } from "../live/own-origin.js";
import type { SubscriberRights } from "../live/rights-watch.js";
import { contextOf } from "../live/run-channel.js";
import { streamAnswer } from "../live/stream-answer.js";
import { jsonLines, type StreamForm, serverSentEvents } from "../live/stream-forms.js";
import { webSocketAnswer } from "../live/web-socket-answer.js";
import type { CallContext } from "../plugin-contexts.js";
import { callHeaders } from "../plugin-headers.js";
import { preferredType } from "./accept.js";
import { callerOf } from "./run-queries.js";
import type { PluginCall, PluginRoute, ServiceType } from "./service-type.js";
import { publishOperation, subscribeOperation } from "./stream-openapi.js";
import { publishedData, resumePosition, streamPath, subscriberData } from "./stream-request.js";

const discovered = { kind: "StreamMessage", verbs: ["create", "get"] } as const;

const dataSourceStreams: readonly PluginRoute[] = streamRoutes(
  "namespaces/{namespace}/datasources/{uid}/stream/*",
  { name: "datasources/stream", ...discovered },
  "DataSourceStream",
);
const appStreams: readonly PluginRoute[] = streamRoutes("namespaces/{namespace}/stream/*", { name: "stream", ...discovered }, "AppStream");

/**
 * Streams of one data source, or of an app: `pluginv2.Stream`. GET subscribes, POST publishes. Always listed: plugin.json says
 * `streaming` for Grafana's own pages alone, and a plugin without streams says so itself (501).
 */
export const stream: ServiceType = {
  name: "stream",
  served: () => true,
  routes: (_entry, { pluginType }) => (pluginType === "app" ? appStreams : dataSourceStreams),
};

function streamRoutes(path: string, discovery: PluginRoute["discovered"], name: string): readonly PluginRoute[] {
  return [
    {
      methods: ["GET"],
      path,
      handle: subscribe,
      ...(discovery === undefined ? {} : { discovered: discovery }),
      operations: { get: subscribeOperation(`subscribe${name}`) },
    },
    { methods: ["POST"], path, handle: publish, operations: { post: publishOperation(`publish${name}`) } },
  ];
}

async function subscribe(call: PluginCall): Promise<HttpResponse> {
  const { request } = call;
  const form = request.upgrade === "websocket" ? undefined : formOf(call);
  // Nobody would read the messages; and the plugin is not asked for headers alone.
  if (request.method === "HEAD") return { status: 200, headers: { "content-type": (form ?? jsonLines).mediaType } };
  const data = subscriberData(request);
  const resume = resumePosition(request);
  const { channels, key, context } = await streamOf(call);
  const gone = new LinkedAbort(request.signal);
  const leave = (): void => gone.abort();
  if (form === undefined) requireOwnOrigin(request, context.pluginContext.grafanaConfig["GF_APP_URL"] ?? "");
  const subscription: Subscription = await channels.subscribe({
    key,
    user: callerOf(call),
    headers: callHeaders(call, context),
    data,
    ...(resume === undefined ? {} : { resume }),
    rights: rightsOf(call),
    signal: form === undefined ? gone.signal : request.signal,
  });
  return form === undefined ? webSocketAnswer(subscription, leave) : streamAnswer(subscription, form);
}

/** What the filters asked before the stream began, asked again. */
function rightsOf({ request: { context }, authorizer }: PluginCall): SubscriberRights {
  const { info, user, userExpires } = context;
  return {
    async check() {
      if (info === undefined || user === undefined) return;
      const { allowed, reason } = await authorizer.authorize(user, info);
      if (!allowed) throw new ApiError("Forbidden", `the right to read this stream was withdrawn${reason === "" ? "" : `: ${reason}`}`);
    },
    ...(userExpires === undefined ? {} : { expires: userExpires }),
  };
}

async function publish(call: PluginCall): Promise<HttpResponse> {
  const data = await publishedData(call);
  const { channels, key, context } = await streamOf(call);
  const published = await channels.publish({ key, user: callerOf(call), headers: callHeaders(call, context), data });
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(published === undefined ? {} : { data: published }),
  };
}

async function streamOf(call: PluginCall): Promise<{ readonly channels: StreamChannels; readonly key: ChannelKey; readonly context: CallContext }> {
  const { channels, plugin, params, request, contexts } = call;
  if (channels === undefined) throw new ApiError("NotImplemented", "streams are not served here");
  const { namespace = "", uid } = params;
  const key: ChannelKey = { pluginId: plugin.id, namespace, ...(uid === undefined ? {} : { uid }), path: streamPath(params["*"] ?? "") };
  return { channels, key, context: await contextOf(contexts, { key, user: callerOf(call) }, request.signal) };
}

/** JSON lines where the client does not care. */
function formOf({ request: { headers } }: PluginCall): StreamForm {
  const type = preferredType(headers, ["text/jsonl", "text/event-stream", "application/jsonl", "application/x-ndjson", "application/json"]);
  if (type === undefined) throw new ApiError("NotAcceptable", "streams are text/jsonl, text/event-stream, or a WebSocket");
  return type === "text/event-stream" ? serverSentEvents : jsonLines;
}
