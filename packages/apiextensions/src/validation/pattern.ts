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
  return compiles(plain, "u") || compiles(plain, "") ? undefined : `error parsing regexp: \`${pattern.slice(0, 64)}\``;
}

function compiles(pattern: string, flags: string): boolean {
  try {
    // It is only compiled: nothing is matched by it here.
    // eslint-disable-next-line security/detect-non-literal-regexp
    return new RegExp(pattern, flags) instanceof RegExp;
  } catch {
    return false;
  }
}
