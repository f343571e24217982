import { ApiError, type HttpRequest } from "@dataplane/meta";
import { preferredType } from "./accept.js";

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
const types = forms.map((form) => mediaTypes[form]);

/** The form that the Accept header prefers; JSON without one. Throws NotAcceptable when none is left. */
export function negotiateForm({ headers }: Pick<HttpRequest, "headers">): AnswerForm {
  // What nearly all clients send.
  if (headers["accept"] === "application/json") return "json";
  const type = preferredType(headers, types);
  const form = forms.find((it) => mediaTypes[it] === type);
  if (form !== undefined) return form;
  throw new ApiError("NotAcceptable", `queries are answered as ${types.join(", ")}`);
}
