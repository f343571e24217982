import { type AppSettings, type Call, jsonResponse, type ResourceRequest, type ResourceResponse, serveApp } from "@dataplane/plugin-sdk";

interface Asked {
  readonly request: ResourceRequest;
  readonly call: Call;
  readonly settings: AppSettings;
  readonly instance: number;
}

/** Tells what it was given, but for chunks/N/MILLISECONDS: N lines with a pause before each but the first. */
function answer({ request, call, settings, instance }: Asked): ResourceResponse {
  const [, first, count = "", pause = ""] = request.path.split("/");
  if (first === "chunks") return { headers: { "content-type": "text/plain" }, body: chunks(Number(count), Number(pause), call.signal) };
  const mark = request.url.indexOf("?");
  const told = jsonResponse({
    method: request.method,
    path: decodeURIComponent(request.path),
    query: mark < 0 ? "" : request.url.slice(mark + 1),
    headers: Object.fromEntries([...request.headers].map(([name, values]) => [canonical(name), values])),
    body: new TextDecoder().decode(request.body),
    namespace: call.namespace,
    orgId: call.orgId,
    login: call.user?.login ?? "",
    instance,
    jsonData: settings.jsonData,
    secrets: settings.secure,
  });
  return { ...told, headers: { ...told.headers, "x-echo": "Zoë ☃" } };
}

const canonical = (name: string): string => name.replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase());

async function* chunks(count: number, pauseMs: number, signal: AbortSignal): AsyncIterable<string> {
  for (let index = 0; index < count && !signal.aborted; index += 1) {
    if (index > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    yield `chunk ${index}\n`;
  }
}

let instances = 0;

await serveApp({
  createInstance: (settings) => {
    instances += 1;
    const instance = instances;
    return {
      callResource: (request, call) => answer({ request, call, settings, instance }),
      checkHealth: () =>
        settings.jsonData["broken"] === true
          ? { status: "error", message: "broken by its settings" }
          : { status: "ok", message: `instance ${instance}` },
    };
  },
});
