import type { Answer } from "./step.js";

/** A difference of looks: the answers are the same without it. */
export interface Look {
  readonly reason: string;
  readonly without: (answer: Answer) => Answer;
}

type Member = (key: string, value: unknown) => unknown;

/** The answer with each member of its body as `replace` gives it, from the leaves up; undefined leaves a member out. */
const mapped = (answer: Answer, replace: Member): Answer => ({ ...answer, body: mappedValue("", answer.body, replace) });

function mappedValue(key: string, value: unknown, replace: Member): unknown {
  if (Array.isArray(value))
    return replace(
      key,
      value.map((item) => mappedValue("", item, replace)),
    );
  if (typeof value !== "object" || value === null) return replace(key, value);
  const members = Object.entries(value).map(([name, member]) => [name, mappedValue(name, member, replace)] as const);
  return replace(key, Object.fromEntries(members.filter(([, member]) => member !== undefined)));
}

const inTexts = (answer: Answer, pattern: RegExp, replacement: string): Answer =>
  mapped(answer, (_key, value) => (typeof value === "string" ? value.replaceAll(pattern, replacement) : value));

export const looks: readonly Look[] = [
  {
    reason: "A list without a next page has no continue: kube-apiserver writes an empty one for custom resources.",
    without: (answer) => mapped(answer, (key, value) => (key === "continue" && value === "" ? undefined : value)),
  },
  {
    reason: "Columns are described in our words, ages are dates, and a row without its object has none.",
    without: (answer) => mapped(answer, (key, value) => plainTable(key, value)),
  },
  {
    reason: "A value that is an object or a list is shown as the client writes it, not as Go's structs are.",
    without: (answer) => inTexts(answer, /(?<=Invalid value: )(?:\{.*?\}|\[.*?\]|null)(?=: )/g, "<value>"),
  },
  {
    reason: "A list without items is a list, not null.",
    without: (answer) => mapped(answer, (key, value) => (key === "conditions" && value === null ? [] : value)),
  },
  {
    reason: "A field of the status is named in full.",
    without: (answer) => inTexts(answer, /\bstatus\.(?=\w+ in body )/g, ""),
  },
];

function plainTable(key: string, value: unknown): unknown {
  if (key === "columnDefinitions" && Array.isArray(value)) return value.map((it: object) => ({ ...it, description: "", type: "" }));
  if (key === "cells" && Array.isArray(value)) return value.map((it: unknown) => (typeof it === "string" && /^\d+[smh]$/.test(it) ? "<age>" : it));
  return key === "object" && value === null ? undefined : value;
}

export const withoutLooks = (answer: Answer): Answer => looks.reduce((next, { without }) => without(next), answer);
