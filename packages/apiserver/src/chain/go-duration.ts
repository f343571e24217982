const unitMs: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

const partOfDuration = /([\d.]{1,24})(ns|us|µs|μs|ms|s|m|h)/y;

/** A duration as Go writes it, such as `32s` or `1h30m`, in milliseconds; undefined when it is none (https://pkg.go.dev/time#ParseDuration). */
export function goDurationMs(text: string): number | undefined {
  const isNegative = text.startsWith("-");
  const digits = isNegative || text.startsWith("+") ? text.slice(1) : text;
  if (digits === "0") return 0;
  if (digits === "" || digits.length > 64) return undefined;
  let ms = 0;
  const part = new RegExp(partOfDuration);
  while (part.lastIndex < digits.length) {
    const [, number, unit] = part.exec(digits) ?? [];
    if (number === undefined || unit === undefined || Number.isNaN(Number(number))) return undefined;
    ms += Number(number) * (unitMs[unit] ?? 0);
  }
  return isNegative ? -ms : ms;
}
