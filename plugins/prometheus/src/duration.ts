import { BadRequestError } from "@dataplane/plugin-sdk";

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 } as const;
type Unit = keyof typeof unitMs;
const isNumber = (text = "") => /^[\d.]+$/.test(text) && !Number.isNaN(Number(text));
const isUnit = (text: string): text is Unit => text in unitMs;

/**
 * Milliseconds of a duration as it stands in settings and queries: `15s`, `1m30s`, `>10s`; a bare number is seconds.
 * `what` names it in the error. Throws BadRequestError.
 */
export function parseDuration(text: string, what: string): number {
  const plain = text.trim().replace(/^[<>]/, "");
  if (isNumber(plain)) return Math.round(Number(plain) * unitMs.s);
  const parts = plain.split(/(?<=[a-z])(?=[\d.])/).map((part) => /^([\d.]+)([a-z]+)$/.exec(part) ?? [part, "", ""]);
  if (!parts.every(([, amount]) => isNumber(amount)))
    throw new BadRequestError(`${what}: ${JSON.stringify(text)} is not a duration such as 15s or 1m30s`);
  return Math.round(
    parts.reduce((total, [, amount, unit]) => {
      if (unit === undefined || !isUnit(unit)) throw new BadRequestError(`${what}: ${JSON.stringify(text)} has an unknown unit`);
      return total + Number(amount) * unitMs[unit];
    }, 0),
  );
}

/** A duration as PromQL reads it, without loss: `1m30s` (https://prometheus.io/docs/prometheus/latest/querying/basics/#float-literals-and-time-durations). */
export function promDuration(milliseconds: number): string {
  let rest = Math.max(1, Math.round(milliseconds));
  let text = "";
  for (const unit of ["d", "h", "m", "s", "ms"] as const) {
    const amount = Math.floor(rest / unitMs[unit]);
    rest -= amount * unitMs[unit];
    if (amount > 0) text += `${amount}${unit}`;
  }
  return text;
}

/** A duration as Grafana prints the step of an executed query: `15s`, `1m0s`, `1h0m0s`, `500ms`. */
export function stepText(milliseconds: number): string {
  if (milliseconds < unitMs.s) return `${milliseconds}ms`;
  const hours = Math.floor(milliseconds / unitMs.h);
  const minutes = Math.floor((milliseconds % unitMs.h) / unitMs.m);
  const seconds = `${(milliseconds % unitMs.m) / unitMs.s}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
