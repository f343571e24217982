// Milliseconds for a frame of 100,000 rows and 4 columns (time, float64, nullable float64, string): npm run bench -w packages/frames
import { arrowToJson, arrowToJsonChunks, type Frame, frameToArrow, frameToJson, scanJsonFrame } from "@dataplane/frames";

const ROWS = 100_000;
const ROUNDS = 15;

function frameOf(digits: (value: number) => number, rows: number): Frame {
  const numbers = Array.from({ length: rows }, (_, row) => digits(Math.sin(row) * 1000));
  return {
    name: "bench",
    fields: [
      { name: "time", type: "time", nullable: false, values: numbers.map((_, row) => 1_700_000_000_000_000_000n + BigInt(row) * 15_000_000_000n) },
      { name: "a", type: "float64", nullable: false, values: numbers },
      {
        name: "b",
        type: "float64",
        nullable: true,
        values: numbers.map((value, row) => (row % 50 === 0 ? null : row % 97 === 0 ? Number.NaN : value / 7)),
      },
      { name: "s", type: "string", nullable: false, values: numbers.map((_, row) => `host-${row % 100}.example`) },
    ],
  };
}

function medianMs(run: () => unknown): string {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  }).sort((a, b) => a - b);
  return (times[ROUNDS >> 1] ?? 0).toFixed(2).padStart(8);
}

function measure(title: string, frame: Frame): void {
  const arrow = frameToArrow(frame);
  const { json } = arrowToJson(arrow);
  console.log(`${title}: Arrow ${arrow.length} bytes, JSON ${json.length} bytes`);
  console.log(`  arrowToJson        ${medianMs(() => arrowToJson(arrow))} ms`);
  console.log(`  arrowToJsonChunks  ${medianMs(() => [...arrowToJsonChunks(arrow)].length)} ms`);
  console.log(`  scanJsonFrame      ${medianMs(() => scanJsonFrame(json))} ms`);
  console.log(`  JSON.parse         ${medianMs(() => void JSON.parse(Buffer.from(json).toString("utf8")))} ms`);
  console.log(`  frameToJson        ${medianMs(() => frameToJson(frame))} ms`);
  console.log(`  frameToArrow       ${medianMs(() => frameToArrow(frame))} ms`);
}

measure(
  "100,000 x 4, 17 digits",
  frameOf((value) => value, ROWS),
);
measure(
  "100,000 x 4, 2 decimals",
  frameOf((value) => Math.round(value * 100) / 100, ROWS),
);
measure(
  "1,000 x 4, 17 digits",
  frameOf((value) => value, 1000),
);
