const form = /^v(\d+)(?:(alpha|beta)(\d+))?$/;
const levels = ["alpha", "beta", undefined];

/** Whether clients prefer `a` to `b`: stable before beta before alpha, newer before older, then other names from a to z. */
export function isNewerVersion(a: string, b: string): boolean {
  const [left, right] = [rank(a), rank(b)];
  if (left === undefined || right === undefined) return left === right ? a < b : right === undefined;
  const at = left.findIndex((part, index) => part !== right[index]);
  return at >= 0 && (left[at] ?? 0) > (right[at] ?? 0);
}

function rank(version: string): readonly number[] | undefined {
  const [match, major, level, minor = "0"] = form.exec(version) ?? [];
  return match === undefined ? undefined : [levels.indexOf(level), Number(major), Number(minor)];
}
