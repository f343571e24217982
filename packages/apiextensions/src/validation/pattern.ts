/** Flags that RE2 lets a pattern begin with, and JavaScript does not. */
const leadingFlags = /^\(\?[imsU]+\)/;

/** Why the text is no regular expression of RE2, which definitions are written in (https://github.com/google/re2/wiki/Syntax); undefined when it is one. */
export function patternProblem(pattern: string): string | undefined {
  const unescaped = pattern.replaceAll("\\\\", "");
  const [group] = /\(\?(?:<?[=!]|>)/.exec(unescaped) ?? [];
  if (group !== undefined) return `error parsing regexp: invalid or unsupported Perl syntax: \`${group}\``;
  const [backReference] = /\\[1-9]/.exec(unescaped) ?? [];
  if (backReference !== undefined) return `error parsing regexp: invalid escape sequence: \`${backReference}\``;
  const plain = pattern.replace(leadingFlags, "").replaceAll("\\z", "$").replaceAll("\\A", "^").replaceAll("(?P<", "(?<");
  if (compileError(plain, "u") === undefined) return undefined;
  const reason = compileError(plain, "");
  return reason === undefined ? undefined : `error parsing regexp: ${inWordsOfRe2(reason, pattern.slice(0, 256))}`;
}

const words: readonly (readonly [told: string, re2: (pattern: string) => string])[] = [
  ["Unterminated group", (pattern) => `missing closing ): \`${pattern}\``],
  ["Unmatched ')'", (pattern) => `unexpected ): \`${pattern}\``],
  ["Unterminated character class", (pattern) => `missing closing ]: \`${pattern.slice(Math.max(pattern.lastIndexOf("["), 0))}\``],
  ["Nothing to repeat", (pattern) => `missing argument to repetition operator: \`${/[*+?]/.exec(pattern)?.[0] ?? pattern}\``],
  ["\\ at end of pattern", () => "trailing backslash at end of expression: ``"],
];

function inWordsOfRe2(reason: string, pattern: string): string {
  const known = words.find(([told]) => reason.includes(told));
  return known === undefined ? `\`${pattern}\`` : known[1](pattern);
}

/** Why JavaScript refuses it. */
function compileError(pattern: string, flags: string): string | undefined {
  try {
    // It is only compiled: nothing is matched by it here.
    // eslint-disable-next-line security/detect-non-literal-regexp
    return new RegExp(pattern, flags) instanceof RegExp ? undefined : "";
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
}
