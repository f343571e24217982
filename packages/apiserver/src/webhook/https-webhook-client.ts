import type { IncomingMessage } from "node:http";
import { Agent, type RequestOptions, request } from "node:https";
import { isIP } from "node:net";
import { ApiError, isJsonObject, type JsonObject, TimeLimit } from "@dataplane/meta";
import { connectionProblem } from "./connection-problem.js";
import { type ServiceResolver, type WebhookClient, type WebhookClientConfig, WebhookFailure } from "./webhook-client.js";

export interface HttpsWebhookClientOptions {
  /** Where services are. The names that certificates are checked for stay `<name>.<namespace>.svc`. */
  readonly resolveService: ServiceResolver;
}

const answerLimitBytes = 3 * 1024 * 1024;

/** A client whose connections are kept for the next question. It reaches any address: who configures webhooks rules the server. */
export function createWebhookClient({ resolveService }: HttpsWebhookClientOptions): WebhookClient {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 16, timeout: 60_000 });
  return {
    async call(config, review, { timeoutMs, signal }) {
      const url = addressOf(config);
      url.searchParams.set("timeout", `${Math.ceil(timeoutMs / 1000)}s`);
      const limit = new TimeLimit({ ms: timeoutMs, signal });
      try {
        const target = await targetOf(config, url, resolveService);
        const body = JSON.stringify(review);
        return await answerOf(await post({ ...target, agent, signal: limit.signal, ...trust(config) }, body), limit.signal);
      } catch (error) {
        throw failureOf(shown(config, url), error, limit.isOver);
      } finally {
        limit.release();
      }
    },
  };
}

/** The address as failures show it. Throws a WebhookFailure when it is none, or no HTTPS. */
function addressOf({ url, service }: WebhookClientConfig): URL {
  const text =
    service === undefined ? (url ?? "") : `https://${serviceHost(service)}:${service.port ?? 443}/${(service.path ?? "").replace(/^\//, "")}`;
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (parsed?.protocol !== "https:") throw new WebhookFailure("the webhook has no https address", { timedOut: false });
  parsed.username = "";
  parsed.password = "";
  return parsed;
}

const serviceHost = ({ name, namespace }: NonNullable<WebhookClientConfig["service"]>): string => `${name}.${namespace}.svc`;

/** Whom to connect to: a service is somewhere else than its name says. */
async function targetOf({ service }: WebhookClientConfig, url: URL, resolve: ServiceResolver): Promise<RequestOptions> {
  const path = `${url.pathname}${url.search}`;
  if (service === undefined) {
    const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
    return { host, port: url.port === "" ? 443 : Number(url.port), path, ...(isIP(host) === 0 ? { servername: host } : {}) };
  }
  const servername = serviceHost(service);
  return { ...(await resolve(service)), path, servername, setHost: false, headers: { host: url.host } };
}

const trust = ({ caBundle = "" }: WebhookClientConfig): RequestOptions => (caBundle === "" ? {} : { ca: Buffer.from(caBundle, "base64") });

/** Once more when the server had closed a kept connection at the same moment: it has not seen the question then. */
async function post(options: RequestOptions, body: string): Promise<IncomingMessage> {
  try {
    return await postOnce(options, body);
  } catch (error) {
    if (error instanceof ReusedSocketReset) return postOnce({ ...options, agent: false }, body);
    throw error;
  }
}

class ReusedSocketReset extends Error {
  override readonly name = "ReusedSocketReset";
}

function postOnce(options: RequestOptions, body: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...options, method: "POST" }, resolve);
    asked.setHeader("content-type", "application/json");
    asked.setHeader("accept", "application/json");
    asked.setHeader("content-length", Buffer.byteLength(body));
    asked.on("error", (error) => {
      const wasReset = asked.reusedSocket && "code" in error && error.code === "ECONNRESET";
      reject(wasReset ? new ReusedSocketReset("a kept connection was closed", { cause: error }) : error);
    });
    asked.end(body);
  });
}

async function answerOf(response: IncomingMessage, signal: AbortSignal): Promise<JsonObject> {
  const status = response.statusCode ?? 0;
  if (status < 200 || status > 299) {
    response.destroy();
    throw new UnusableAnswer(statusText(status));
  }
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response as AsyncIterable<Uint8Array>) {
    size += piece.byteLength;
    if (size > answerLimitBytes) throw new UnusableAnswer(`the answer is larger than ${answerLimitBytes} bytes`);
    pieces.push(piece);
  }
  signal.throwIfAborted();
  return jsonObjectOf(Buffer.concat(pieces, size).toString("utf8"));
}

function jsonObjectOf(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The engine's message quotes the answer.
    throw new UnusableAnswer("the answer is no JSON");
  }
  if (!isJsonObject(value)) throw new UnusableAnswer("the answer is no JSON object");
  return value;
}

/** There was an answer, so that no address need be told. */
class UnusableAnswer extends Error {
  override readonly name = "UnusableAnswer";
}

// The words of client-go, which people search for.
function statusText(status: number): string {
  if (status === 404) return "the server could not find the requested resource";
  if (status >= 300 && status < 400) return `the server answered with a redirect (${status}), which is not followed`;
  return `an error on the server (${JSON.stringify(`status ${status}`)}) has prevented the request from succeeding`;
}

/** With the port of a service, as Go prints it. */
const shown = ({ service }: WebhookClientConfig, url: URL): string =>
  service === undefined || url.port !== "" ? url.href : url.href.replace(url.host, `${url.host}:443`);

function failureOf(address: string, error: unknown, isLate: boolean): WebhookFailure {
  if (error instanceof WebhookFailure) return error;
  if (isLate) return new WebhookFailure(`Post "${address}": context deadline exceeded`, { timedOut: true, cause: error });
  if (error instanceof UnusableAnswer) return new WebhookFailure(error.message, { timedOut: false });
  const why = error instanceof ApiError ? error.message : connectionProblem(error);
  return new WebhookFailure(`Post "${address}": ${why}`, { timedOut: false, cause: error });
}
