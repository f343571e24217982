import http from "node:http";
import https from "node:https";
import { DownstreamError } from "@dataplane/plugin-sdk";
import type { PrometheusSettings } from "./prometheus-settings.js";

export interface HttpRequest {
  readonly method: string;
  /** Below the data source's URL; escaped. */
  readonly path: string;
  readonly query?: URLSearchParams;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

/** Sends requests of one data source over connections that are kept. */
export class HttpClient {
  readonly #settings: PrometheusSettings;
  readonly #agent: http.Agent | https.Agent;

  constructor(settings: PrometheusSettings) {
    this.#settings = settings;
    const pool = { keepAlive: true, maxFreeSockets: 16 };
    this.#agent = settings.url.protocol === "https:" ? new https.Agent({ ...pool, ...settings.tls }) : new http.Agent(pool);
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Throws DownstreamError: 502 when nothing answers, 504 when it takes longer than the data source's timeout. */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    const { timeoutMs } = this.#settings;
    const timeout = new AbortController();
    // A timer that is cleared: AbortSignal.timeout would keep one alive for each of the last half minute's requests.
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    try {
      return await this.#exchange(request, AbortSignal.any([request.signal, timeout.signal]));
    } catch (cause) {
      if (request.signal.aborted || cause instanceof DownstreamError) throw cause;
      if (timeout.signal.aborted) throw new DownstreamError(`Prometheus did not answer within ${timeoutMs / 1000} s`, { status: 504, cause });
      // The code says what is wrong without naming the host.
      throw new DownstreamError(`Prometheus cannot be reached (${codeOf(cause)})`, { cause });
    } finally {
      clearTimeout(timer);
    }
  }

  #exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { url, headers, parameters, responseLimit } = this.#settings;
    const target = new URL(url);
    target.pathname = `${url.pathname.replace(/\/$/, "")}${request.path}`;
    for (const [name, value] of [...(request.query ?? []), ...parameters]) target.searchParams.append(name, value);
    const { body } = request;
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const options = {
      method: request.method,
      agent: this.#agent,
      signal,
      headers: { accept: "application/json", ...request.headers, ...headers, ...length },
    };
    return new Promise((resolve, reject) => {
      const send = target.protocol === "https:" ? https.request : http.request;
      const sent = send(target, options, (response) => {
        const pieces: Buffer[] = [];
        let size = 0;
        response.on("data", (piece: Buffer) => {
          pieces.push(piece);
          size += piece.length;
          if (responseLimit > 0 && size > responseLimit)
            response.destroy(new DownstreamError(`the answer is larger than the limit of ${responseLimit} bytes`));
        });
        response.on("error", reject);
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, contentType: response.headers["content-type"] ?? "", body: Buffer.concat(pieces) }),
        );
      });
      sent.on("error", reject);
      sent.end(body);
    });
  }
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : "connection failed";
}
