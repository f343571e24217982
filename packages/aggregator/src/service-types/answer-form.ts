import { ApiError, type HttpRequest } from "@dataplane/meta";

/** The forms in which queries are answered, best first where the client does not care. */
const mediaTypes = {
  json: "application/json",
  lines: "text/jsonl",
  arrow: "application/vnd.apache.arrow.stream",
  csv: "text/csv",
} as const;

export type AnswerForm = keyof typeof mediaTypes;

export const answerForms: Readonly<Record<AnswerForm, string>> = mediaTypes;

const forms = ["json", "lines", "arrow", "csv"] as const;

/**
 * The form that the Accept header prefers (RFC 9110, 12.5.1: the most specific range that fits a type gives its weight); JSON without
 * one. Throws NotAcceptable when none is left.
 */
export function negotiateForm({ headers }: Pick<HttpRequest, "headers">): AnswerForm {
  const accept = headers["accept"];
  // What nearly all clients send.
  if (accept === undefined || accept === "*/*" || accept === "application/json" || accept === "") return "json";
  const ranges = (typeof accept === "string" ? accept : accept.join(",")).split(",").map(parseRange);
  const [best] = forms
    .map((form) => ({ form, weight: weightOf(mediaTypes[form], ranges) }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight);
  if (best !== undefined) return best.form;
  throw new ApiError("NotAcceptable", `queries are answered as ${Object.values(mediaTypes).join(", ")}`);
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
