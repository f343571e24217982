import { type CheckHealthResponse, HealthStatus } from "@dataplane/plugin-protocol";
import type { Awaitable, Call } from "./call.js";
import type { JsonObject } from "./json-object.js";

export interface HealthAnswer {
  readonly status: "ok" | "error" | "unknown";
  readonly message: string;
  readonly details?: JsonObject;
}

/** Says whether the data source can be used. What it throws is an answer too: status error, with the message. */
export type HealthHandler = (call: Call) => Awaitable<HealthAnswer>;

const statuses = { ok: HealthStatus.OK, error: HealthStatus.ERROR, unknown: HealthStatus.UNKNOWN } as const;

/** The answer as the wire has it. */
export function healthResponse({ status, message, details }: HealthAnswer): CheckHealthResponse {
  const jsonDetails = details === undefined ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(details));
  return { status: statuses[status], message, jsonDetails };
}
