import type { Headers } from "@dataplane/meta";

/**
 * The first of `types` among those that the Accept header prefers (RFC 9110, 12.5.1: the most specific range that fits a type gives its
 * weight); the first of all without one. Undefined when it accepts none.
 */
export function preferredType<T extends string>(headers: Headers, types: readonly T[]): T | undefined {
  const accept = headers["accept"];
  if (accept === undefined || accept === "*/*" || accept === "") return types[0];
  const ranges = (typeof accept === "string" ? accept : accept.join(",")).split(",").map(parseRange);
  const [best] = types
    .map((type) => ({ type, weight: weightOf(type, ranges) }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight);
  return best?.type;
}

interface MediaRange {
  readonly type: string;
  readonly weight: number;
}

function parseRange(text: string): MediaRange {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
  const weight = quality === undefined ? 1 : Number(quality);
  return { type, weight: weight >= 0 && weight <= 1 ? weight : 0 };
}

function weightOf(type: string, ranges: readonly MediaRange[]): number {
  for (const wanted of [type, `${type.slice(0, type.indexOf("/"))}/*`, "*/*"]) {
    const range = ranges.find((candidate) => candidate.type === wanted);
    if (range !== undefined) return range.weight;
  }
  return 0;
}
