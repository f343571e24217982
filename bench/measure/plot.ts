import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { scaleLinear, scaleLog } from "d3-scale";
import { line } from "d3-shape";
import { resultsFolder } from "./results.js";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Curve {
  readonly name: string;
  readonly points: readonly Point[];
}

/** One drawing: sizes on a logarithmic x, a cost from 0 on y. */
export interface Plot {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly curves: readonly Curve[];
}

const width = 480;
const height = 300;
const margin = { top: 44, right: 16, bottom: 44, left: 64 } as const;
// Told apart by those who see fewer colours too: https://jfly.uni-koeln.de/color/
const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"] as const;

/** Writes the plots side by side to <name>.svg of the folder of results. */
export function writePlots(name: string, plots: readonly Plot[]): void {
  const file = path.join(resultsFolder(), `${name}.svg`);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, svgOf(plots));
  console.log(`written: ${path.relative(process.cwd(), file)}`);
}

/** As a document of its own, white behind, so that it can be read on any page. */
export function svgOf(plots: readonly Plot[]): string {
  const whole = width * plots.length;
  const drawings = plots.map((plot, index) => `<g transform="translate(${index * width},0)">${drawing(plot)}</g>`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${whole}" height="${height}" viewBox="0 0 ${whole} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${whole}" height="${height}" fill="white"/>`,
    ...drawings,
    "</svg>\n",
  ].join("\n");
}

function drawing({ title, x, y, curves }: Plot): string {
  const points = curves.flatMap((curve) => curve.points);
  const sizes = [...new Set(points.map((point) => point.x))].toSorted((a, b) => a - b);
  const across = scaleLog([sizes[0] ?? 1, sizes.at(-1) ?? 1], [margin.left, width - margin.right]);
  const up = scaleLinear([0, Math.max(...points.map((point) => point.y), 0)], [height - margin.bottom, margin.top]).nice(5);
  const path_ = line<Point>(
    (point) => across(point.x),
    (point) => up(point.y),
  );
  const [left, right, bottom] = [margin.left, width - margin.right, height - margin.bottom];
  const gridLines = up.ticks(5).map((tick) => {
    const at = up(tick).toFixed(1);
    return `<line x1="${left}" x2="${right}" y1="${at}" y2="${at}" stroke="#ddd"/>${text(left - 6, up(tick) + 4, up.tickFormat(5)(tick), "end")}`;
  });
  const sizeMarks = sizes.map((size) => text(across(size), bottom + 16, size.toLocaleString("en"), "middle"));
  const drawn = curves.map((curve, index) => {
    const colour = colours[index % colours.length] ?? "black";
    const dots = curve.points.map((point) => `<circle cx="${across(point.x).toFixed(1)}" cy="${up(point.y).toFixed(1)}" r="3" fill="${colour}"/>`);
    const legend = curves.length === 1 ? "" : text(left + 8, margin.top + 12 + index * 14, curve.name, "start", colour);
    return `<path d="${path_(curve.points) ?? ""}" fill="none" stroke="${colour}" stroke-width="1.5"/>${dots.join("")}${legend}`;
  });
  const labels = [
    text(width / 2, 18, title, "middle", "black", "bold"),
    text((left + right) / 2, height - 10, x, "middle"),
    text(left - 56, margin.top - 12, y, "start"),
  ];
  return [...gridLines, ...sizeMarks, ...drawn, ...labels].join("\n");
}

const text = (x: number, y: number, content: string, anchor: string, fill = "black", weight = "normal"): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${fill}" font-weight="${weight}">${escaped(content)}</text>`;

const escaped = (content: string): string => content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
