import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/** A frame as Go's SDK encodes it, both ways. */
export interface Golden {
  readonly title: string;
  readonly arrow: string;
  readonly json: string;
}

function isGolden(value: unknown): value is Golden {
  return typeof value === "object" && value !== null && "title" in value && "arrow" in value && "json" in value;
}

/** The committed output of golden/main.go. */
export function readGoldens(): Golden[] {
  const file = gunzipSync(readFileSync(new URL("../../golden/frames.golden.gz", import.meta.url))).toString("utf8");
  return file
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line))
    .filter(isGolden);
}
