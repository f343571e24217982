const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

/** A span in the short form that `kubectl get` shows as an age: `45s`, `5m30s`, `3h`, `2d4h`, `400d`. */
export function humanDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 2 * minute) return `${Math.max(0, seconds)}s`;
  for (const { below, unit, name, part, partName } of steps) {
    if (seconds < below) return inUnits(seconds, { unit, name, part, partName });
  }
  return `${Math.floor(seconds / year)}y`;
}

interface Units {
  readonly unit: number;
  readonly name: string;
  /** The smaller unit beside it; 0 for none. */
  readonly part: number;
  readonly partName: string;
}

const steps: readonly (Units & { readonly below: number })[] = [
  { below: 10 * minute, unit: minute, name: "m", part: 1, partName: "s" },
  { below: 3 * hour, unit: minute, name: "m", part: 0, partName: "" },
  { below: 8 * hour, unit: hour, name: "h", part: minute, partName: "m" },
  { below: 2 * day, unit: hour, name: "h", part: 0, partName: "" },
  { below: 8 * day, unit: day, name: "d", part: hour, partName: "h" },
  { below: 2 * year, unit: day, name: "d", part: 0, partName: "" },
  { below: 8 * year, unit: year, name: "y", part: day, partName: "d" },
];

function inUnits(seconds: number, { unit, name, part, partName }: Units): string {
  const rest = part === 0 ? 0 : Math.floor((seconds % unit) / part);
  return `${Math.floor(seconds / unit)}${name}${rest === 0 ? "" : `${rest}${partName}`}`;
}
