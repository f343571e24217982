import { type Finding, type Goal, holds, ratioOf } from "./finding.js";

export type Verdict = "holds" | "MISS" | "not measured" | "";

/** What is said of a finding: nothing where it has no goal; a goal whose peer was not there was not measured. */
export function verdictOf(finding: Finding): Verdict {
  const { goal } = finding;
  if (goal === undefined) return "";
  const judged = goal.of === "ours" ? finding.ours : ratioOf(finding);
  if (judged === undefined || !Number.isFinite(judged)) return "not measured";
  return holds(finding) === true ? "holds" : "MISS";
}

/** Whether nothing speaks against it: a goal that was not measured was not shown. */
export const isShown = (finding: Finding): boolean => ["holds", ""].includes(verdictOf(finding));

const headings = ["work", "figure", "ours", "peer", "ratio", "goal", ""] as const;
/** Columns of figures, which are read from their last digit. */
const figures: ReadonlySet<string> = new Set(["ours", "ratio", "goal"]);

/** One table of all findings, in Markdown, so that it can be kept anywhere; below it how many goals hold. */
export function reportOf(findings: readonly Finding[]): string {
  const rows = findings.map(rowOf);
  const widths = headings.map((heading, column) => Math.max(3, heading.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => pad(cell, widths[column] ?? 0, figures.has(headings[column] ?? ""))).join(" | ")} |`;
  const rule = `| ${headings.map((heading, column) => (figures.has(heading) ? "-".repeat((widths[column] ?? 1) - 1) + ":" : "-".repeat(widths[column] ?? 0))).join(" | ")} |`;
  return [line(headings), rule, ...rows.map(line), "", summaryOf(findings)].join("\n");
}

function rowOf(finding: Finding): readonly string[] {
  const { work, figure, ours, peer, goal } = finding;
  const ratio = ratioOf(finding);
  return [
    work,
    figure,
    printed(ours),
    peer === undefined ? "" : `${printed(peer.value)} (${peer.name})`,
    ratio === undefined ? "" : `${printed(ratio)}x`,
    goal === undefined ? "" : printedGoal(goal),
    verdictOf(finding),
  ];
}

function summaryOf(findings: readonly Finding[]): string {
  const verdicts = findings.map(verdictOf);
  const count = (verdict: Verdict): number => verdicts.filter((it) => it === verdict).length;
  return `${count("holds")} goals hold, ${count("MISS")} missed, ${count("not measured")} not measured; ${count("")} figures without a goal`;
}

const printedGoal = ({ of, bound, value }: Goal): string => `${bound === "at least" ? ">=" : "<="} ${value}${of === "ratio" ? "x" : ""}`;

/** Three digits that count, and never fewer than all of a whole number. */
const printed = (value: number): string => {
  if (!Number.isFinite(value)) return "-";
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return String(Number(value.toPrecision(3)));
};

const pad = (text: string, width: number, right: boolean): string => (right ? text.padStart(width) : text.padEnd(width));
