import http from "node:http";
import https from "node:https";
import { normalized } from "./normalize.js";
import type { Answer, Step } from "./step.js";

/** A server that sequences are played against. */
export interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** PEM of who signed its certificate. */
  readonly ca?: string;
}

/** Sends the steps one after the other; each answer without what differs from run to run. */
export async function play(target: Target, steps: readonly Step[]): Promise<readonly Answer[]> {
  const raw: Raw[] = [];
  for (const step of steps) {
    raw.push(await send(target, resolved(step, raw)));
    if (step.method === "POST" && step.path === "/api/v1/namespaces" && raw.at(-1)?.status === 201) await furnished(target, raw.at(-1)?.body);
  }
  return raw.map(({ status, body, warnings }) => ({ status, body: normalized(body), ...(warnings.length === 0 ? {} : { warnings }) }));
}

/** Waits for what controllers put into a new namespace, so that lists show it or not in every run alike. */
async function furnished(target: Target, namespace: unknown): Promise<void> {
  const { name = "" } = (namespace as { readonly metadata?: { readonly name?: string } }).metadata ?? {};
  for (const path of [`/api/v1/namespaces/${name}/configmaps/kube-root-ca.crt`, `/api/v1/namespaces/${name}/serviceaccounts/default`]) {
    for (let attempt = 0; attempt < 200; attempt++) {
      if ((await send(target, { method: "GET", path })).status === 200) break;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

interface Raw {
  readonly status: number;
  readonly body: unknown;
  readonly warnings: readonly string[];
}

/** The step with what earlier answers gave in place of `$rv(N)` and the like. */
function resolved(step: Step, earlier: readonly Raw[]): Step {
  const fill = (text: string): string =>
    text.replaceAll(/\$(rv|uid|continue)\((\d+)\)/g, (_all, what: "rv" | "uid" | "continue", index: string) => {
      const { metadata } = (earlier[Number(index)]?.body ?? {}) as { readonly metadata?: Readonly<Record<string, string>> };
      return metadata?.[{ rv: "resourceVersion", uid: "uid", continue: "continue" }[what]] ?? "";
    });
  const { body } = step;
  const filled = body === undefined ? {} : { body: typeof body === "string" ? fill(body) : (JSON.parse(fill(JSON.stringify(body))) as unknown) };
  return { ...step, path: fill(step.path), ...filled };
}

function send({ url, headers, ca }: Target, { method, path, body, accept, contentType }: Step): Promise<Raw> {
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const all = {
    ...headers,
    accept: accept ?? "application/json",
    "user-agent": "player",
    ...(text === undefined ? {} : { "content-type": contentType ?? "application/json", "content-length": String(Buffer.byteLength(text)) }),
  };
  const client = url.startsWith("https:") ? https : http;
  return new Promise((resolve, reject) => {
    const request = client.request(`${url}${path}`, { method, headers: all, ...(ca === undefined ? {} : { ca }) }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", reject);
      response.on("end", () => {
        const warnings = [response.headers["warning"] ?? []].flat().flatMap((it) => it.split(/, (?=299 )/));
        resolve({ status: response.statusCode ?? 0, body: parsed(Buffer.concat(chunks).toString("utf8")), warnings });
      });
    });
    request.on("error", reject);
    request.end(text);
  });
}

/** JSON, or the events of a watch, or text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    const lines = text.trimEnd().split("\n");
    return lines.length > 1 && lines.every((line) => line.startsWith("{")) ? lines.map((line) => JSON.parse(line) as unknown) : text;
  }
}
