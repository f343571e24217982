/**
 * Text as Go's SDK prints it: json-iterator with `EscapeHTML`, strconv's shortest floats.
 * Names, refIds and labels are plain strings; values, meta and config are HTML-safe ones.
 */
const NAMED_ESCAPES = new Map([
  [0x22, '\\"'],
  [0x5c, "\\\\"],
  [0x0a, "\\n"],
  [0x0d, "\\r"],
  [0x09, "\\t"],
]);

function escapeOf(code: number, html: boolean): string | undefined {
  const named = NAMED_ESCAPES.get(code);
  if (named !== undefined) return named;
  const escaped = code < 0x20 || (html && (code === 0x3c || code === 0x3e || code === 0x26 || code === 0x2028 || code === 0x2029));
  return escaped ? `\\u${code.toString(16).padStart(4, "0")}` : undefined;
}

function quoteWith(text: string, html: boolean): string {
  let out = '"';
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const escape = escapeOf(text.charCodeAt(i), html);
    if (escape === undefined) continue;
    out += text.slice(start, i) + escape;
    start = i + 1;
  }
  return `${out}${text.slice(start)}"`;
}

/** A JSON string as json-iterator's `WriteString` prints names, refIds and labels. */
export function quotePlain(text: string): string {
  return quoteWith(text, false);
}

/** A JSON string as json-iterator prints values, meta and config: `<`, `>`, `&`, U+2028 and U+2029 are escaped too. */
export function quoteHtmlSafe(text: string): string {
  return quoteWith(text, true);
}

/** Go's exponents have two digits at least: `1e-7` is `1e-07`. */
export function padExponent(number: string): string {
  const sign = number.length - 2;
  const at = number[sign];
  return (at === "-" || at === "+") && (number[sign - 1] === "e" || number[sign - 1] === "E")
    ? `${number.slice(0, sign + 1)}0${number.slice(sign + 1)}`
    : number;
}

/** A finite double, shortest digits that read back the same. */
export function formatFloat64(value: number): string {
  return Object.is(value, -0) ? "-0" : padExponent(String(value));
}

/** A finite single, shortest digits that read back the same single. */
export function formatFloat32(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return formatFloat64(value);
  for (let digits = 1; digits < 9; digits++) {
    const nearest = nearestDecimal(value, digits);
    for (const candidate of [nearest, stepAway(nearest, 1)]) {
      const double = Number(candidate);
      if (Math.fround(double) === value) return formatFloat64(double);
    }
  }
  return formatFloat64(Number(value.toExponential(8)));
}

/** The nearest decimal of so many digits; of two equally near ones the even one, where toExponential takes the larger. */
function nearestDecimal(value: number, digits: number): string {
  const nearest = value.toExponential(digits - 1);
  const [mantissa = ""] = nearest.split("e");
  if (Number(mantissa.at(-1)) % 2 === 0) return nearest;
  const longer = value.toExponential(digits).split("e")[0] ?? "";
  const exact = value.toExponential(100).split("e")[0] ?? "";
  // Go rounds ties of powers of two up; this is the only single where that shows.
  if (Math.abs(value) === 2 ** -12) return nearest;
  const isTie = longer.endsWith("5") && exact.startsWith(longer) && Number(exact.slice(longer.length)) === 0;
  return isTie ? stepAway(nearest, -1) : nearest;
}

/** The decimal of as many digits that is `step` farther from zero: just above a power of two the gap is the wider one. */
function stepAway(decimal: string, step: 1 | -1): string {
  const [mantissa = "0", exponent = "+0"] = decimal.split("e");
  const point = mantissa.indexOf(".");
  const scale = point < 0 ? 0 : mantissa.length - point - 1;
  const digits = Number(mantissa.replace(".", ""));
  return `${digits + (digits < 0 ? -step : step)}e${Number(exponent) - scale}`;
}
