import { STATUS_CODES } from "node:http";
import type { Call, DataSourceSettings, ResourceRequest, ResourceResponse } from "@dataplane/plugin-sdk";

/** Echoes the request as JSON, but for two paths: status/CODE answers that code, chunks/N sends N lines, one a message. */
export function answerResource(input: {
  readonly request: ResourceRequest;
  readonly call: Call;
  readonly settings: DataSourceSettings;
  readonly pluginId: string;
}): ResourceResponse {
  const [, kind, argument, ...rest] = input.request.path.split("/");
  if (argument !== undefined && rest.length === 0) {
    if (kind === "status") return statusAnswer(Number(argument));
    if (kind === "chunks") return chunksAnswer(Number(argument), input.call);
  }
  return echo(input);
}

const text = (body: ResourceResponse["body"], status = 200): ResourceResponse => ({
  status,
  headers: { "Content-Type": "text/plain; charset=utf-8" },
  body: body ?? "",
});

function statusAnswer(code: number): ResourceResponse {
  if (!Number.isInteger(code) || code < 200 || code > 599) return text("status must be 200 to 599\n", 400);
  return text(`${STATUS_CODES[code] ?? ""}\n`, code);
}

function chunksAnswer(count: number, { signal }: Call): ResourceResponse {
  if (!Number.isInteger(count) || count < 1 || count > 10_000) return text("chunks must be 1 to 10000\n", 400);
  return text(chunks(count, signal));
}

async function* chunks(count: number, signal: AbortSignal): AsyncIterable<string> {
  for (let index = 0; index < count && !signal.aborted; index += 1) yield await Promise.resolve(`chunk ${index}\n`);
}

function echo({ request, call, settings, pluginId }: Parameters<typeof answerResource>[0]): ResourceResponse {
  const { method, path, url, headers, body } = request;
  const echoed = {
    method,
    path: path.slice(1),
    url,
    headers: Object.fromEntries(headers),
    body: new TextDecoder().decode(body),
    pluginId,
    orgId: call.orgId,
    namespace: call.namespace,
    login: call.user?.login ?? "",
    uid: settings.uid,
  };
  return { headers: { "Content-Type": "application/json", "X-Test-Plugin": "echo" }, body: JSON.stringify(echoed) };
}
