import { badRequest } from "@dataplane/meta";
import type { CallLimits } from "./service-type.js";

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * The limits of a call under `?timeout=`: a request may ask for less time than the server gives, never for more. Durations are Go's, as
 * the Kubernetes API has them (`500ms`, `1m30s`); 0 is the server's. Throws BadRequest.
 */
export function withRequestTimeout<L extends Pick<CallLimits, "callTimeoutMs">>(limits: L, query: URLSearchParams): L {
  const asked = query.get("timeout");
  if (asked === null || asked === "") return limits;
  const askedMs = durationMs(asked);
  return askedMs === 0 || askedMs >= limits.callTimeoutMs ? limits : { ...limits, callTimeoutMs: askedMs };
}

function durationMs(text: string): number {
  if (text === "0") return 0;
  const part = /(\d{1,9}(?:\.\d{1,9})?)(ms|[smh])/y;
  let total = 0;
  do {
    const [, number, unit] = part.exec(text) ?? [];
    if (number === undefined || unit === undefined) throw badRequest("timeout: must be a duration such as 500ms, 10s or 1m30s");
    total += Number(number) * (unitsMs[unit] ?? 0);
  } while (part.lastIndex < text.length);
  return Math.ceil(total);
}
