import { readBytes } from "@dataplane/apiserver";
import { ApiError, type HttpResponse } from "@dataplane/meta";
import { type CallResourceResponse, GrpcCode, GrpcError, type StringList } from "@dataplane/plugin-protocol";
import { pluginCallError } from "../plugin-call-errors.js";
import { callMetadata, resourceHeaders } from "../plugin-headers.js";
import { callerOf, type DataSourceKey } from "./run-queries.js";
import type { PluginCall, PluginRoute } from "./service-type.js";

/** The plugin's own HTTP API of one data source: `pluginv2.Resource/CallResource`. */
export const resourcesRoute: PluginRoute = {
  methods: ["*"],
  path: "namespaces/{namespace}/datasources/{uid}/resources/*",
  handle: (call) => callResource(call, { namespace: call.params["namespace"] ?? "", uid: call.params["uid"] ?? "", path: call.params["*"] ?? "" }),
  discovered: { name: "datasources/resources", kind: "ResourceCallResponse", verbs: ["create", "delete", "get", "patch", "update"] },
};

/** Answers as the plugin does, piece by piece: its first message has the code and the headers, all have parts of the body. */
export async function callResource(
  call: Pick<PluginCall, "request" | "plugin" | "contexts" | "limits" | "sendUserHeader">,
  { namespace, uid, path }: DataSourceKey & { readonly path: string },
): Promise<HttpResponse> {
  const { request, plugin, contexts, limits } = call;
  const context = await contexts.forDataSource({ pluginId: plugin.id, namespace, uid }, callerOf(call), request.signal);
  const body = await readBytes(request, limits.bodyBytes);
  const sentPath = request.path.endsWith("/") ? `${path}/` : path;
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  try {
    const client = await plugin.client(request.signal);
    // An answer may go on without end, but has to begin.
    timer = setTimeout(() => late.abort(), limits.callTimeoutMs);
    const answers = client
      .callResource(
        {
          pluginContext: context.pluginContext,
          path: sentPath,
          method: request.method,
          url: urlOf(sentPath, request.query),
          headers: resourceHeaders(call, context),
          body,
        },
        { signal: AbortSignal.any([request.signal, late.signal]), metadata: callMetadata(request, namespace) },
      )
      [Symbol.asyncIterator]();
    return await responseFrom(answers, plugin.id);
  } catch (thrown) {
    const timedOut = late.signal.aborted && thrown instanceof GrpcError;
    throw pluginCallError(timedOut ? deadlineExceeded(thrown) : thrown, plugin.id, request.signal);
  } finally {
    clearTimeout(timer);
  }
}

const deadlineExceeded = (cause: GrpcError): GrpcError => new GrpcError(GrpcCode.DeadlineExceeded, "no answer in time", { cause });

/** Without a leading slash: some SDKs put one before it. */
function urlOf(path: string, query: URLSearchParams): string {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return query.size === 0 ? encoded : `${encoded}?${query.toString()}`;
}

async function responseFrom(answers: AsyncIterator<CallResourceResponse>, pluginId: string): Promise<HttpResponse> {
  const first = await answers.next();
  if (first.done === true) throw new ApiError("BadGateway", `plugin ${JSON.stringify(pluginId)} gave no answer`);
  const { code, headers, body } = first.value;
  return {
    // A code that HTTP does not know would break the connection.
    status: code >= 200 && code <= 599 ? code : code === 0 ? 200 : 502,
    headers: responseHeaders(headers),
    body: pieces(body, answers),
  };
}

async function* pieces(first: Uint8Array, rest: AsyncIterator<CallResourceResponse>): AsyncIterable<Uint8Array> {
  try {
    if (first.byteLength > 0) yield first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
      if (next.value.body.byteLength > 0) yield next.value.body;
    }
  } finally {
    // The client may leave in the middle: then the call is cancelled.
    await rest.return?.();
  }
}

const ours = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "trailer", "upgrade", "te", "proxy-connection"]);

/** A plugin's page must not run as ours, so it gets a sandbox; and it must not set cookies for this server. */
function responseHeaders(headers: Readonly<Record<string, StringList>>): Readonly<Record<string, string | readonly string[]>> {
  const kept = Object.entries(headers).flatMap(([name, { values }]) => {
    const lower = name.toLowerCase();
    const sound = /^[\w!#$%&'*+.^`|~-]+$/.test(name) && values.every((value) => /^[\t\x20-\x7e\x80-\xff]*$/.test(value));
    return !sound || ours.has(lower) || lower === "set-cookie" || values.length === 0 ? [] : [[lower, values] as const];
  });
  return { ...Object.fromEntries(kept), "content-security-policy": "sandbox" };
}
