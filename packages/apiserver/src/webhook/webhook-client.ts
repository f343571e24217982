import type { JsonObject } from "@dataplane/meta";

/** Where a webhook is: `clientConfig` of webhook configurations and of conversions by webhook. Exactly one of `url` and `service`. */
export interface WebhookClientConfig {
  readonly url?: string;
  readonly service?: { readonly namespace: string; readonly name: string; readonly path?: string; readonly port?: number };
  /** PEM, base64. The system's roots unless told. */
  readonly caBundle?: string;
}

/** The address of a service; throws ServiceUnavailable when there is none. */
export type ServiceResolver = (service: NonNullable<WebhookClientConfig["service"]>) => Promise<{ readonly host: string; readonly port: number }>;

/** Asks webhooks by HTTPS. Never follows a redirect. */
export interface WebhookClient {
  /**
   * POSTs `review` as JSON and gives the answer's JSON. Throws a WebhookFailure when there is no such answer: not reached, TLS refused, no 2xx, more than
   * 3 MiB, no JSON object, `timeoutMs` passed.
   */
  call(config: WebhookClientConfig, review: JsonObject, options: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<JsonObject>;
}

/** Why a webhook gave no answer, without the address' secrets. `timedOut` tells the two failures apart that clients are told of in different words. */
export class WebhookFailure extends Error {
  readonly timedOut: boolean;

  constructor(message: string, options: { readonly timedOut: boolean; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = "WebhookFailure";
    this.timedOut = options.timedOut;
  }
}
