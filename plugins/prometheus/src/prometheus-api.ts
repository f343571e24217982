import { DownstreamError, isJsonObject, type JsonObject } from "@dataplane/plugin-sdk";
import type { HttpAnswer, HttpClient } from "./http-client.js";

/** What Prometheus answers with success (https://prometheus.io/docs/prometheus/latest/querying/api/#format-overview). */
export interface ApiAnswer {
  readonly data: unknown;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
}

export interface ApiCall {
  readonly signal: AbortSignal;
  /** Headers of the user's own, if they are passed on. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The HTTP API of one Prometheus. Every call throws DownstreamError. */
export class PrometheusApi {
  readonly #http: HttpClient;
  #method: "GET" | "POST";

  constructor(http: HttpClient, method: "GET" | "POST") {
    this.#http = http;
    this.#method = method;
  }

  /** An endpoint that takes its parameters in the URL or as a form. */
  async ask(endpoint: string, parameters: Readonly<Record<string, string>>, call: ApiCall): Promise<ApiAnswer> {
    const form = new URLSearchParams(parameters);
    if (this.#method === "POST") {
      const headers = { ...call.headers, "content-type": "application/x-www-form-urlencoded" };
      const answer = await this.#http.send({ method: "POST", path: `/api/v1/${endpoint}`, headers, body: form.toString(), signal: call.signal });
      // Old servers and some proxies know GET only.
      if (answer.status !== 405) return read(answer);
      this.#method = "GET";
    }
    return this.get(endpoint, form, call);
  }

  /** An endpoint that only knows GET. */
  async get(endpoint: string, query: URLSearchParams, call: ApiCall): Promise<ApiAnswer> {
    return read(await this.#http.send({ method: "GET", path: `/api/v1/${endpoint}`, query, headers: call.headers, signal: call.signal }));
  }
}

function read(answer: HttpAnswer): ApiAnswer {
  const body = parse(answer.body);
  if (body?.["status"] === "success" && answer.status < 300) {
    return { data: body["data"], warnings: textsOf(body["warnings"]), infos: textsOf(body["infos"]) };
  }
  throw new DownstreamError(failureOf(answer.status, body), { status: answer.status >= 400 && answer.status < 500 ? 400 : 502 });
}

function parse(body: Buffer): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function failureOf(status: number, body: JsonObject | undefined): string {
  const { error, errorType } = body ?? {};
  if (typeof error === "string") return typeof errorType === "string" && errorType !== "" ? `${errorType}: ${error}` : error;
  if (status === 401 || status === 403) return `Prometheus refused the credentials of the data source (HTTP ${status})`;
  return `the answer is not Prometheus' (HTTP ${status})`;
}

const textsOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((text): text is string => typeof text === "string") : []);
