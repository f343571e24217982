import { execFileSync } from "node:child_process";

/** Key material and tokens by their form. Each pattern is linear. */
const forms: readonly { readonly name: string; readonly pattern: RegExp }[] = [
  { name: "private key", pattern: /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s*[A-Za-z0-9+/=]{16}/ },
  { name: "JSON web token", pattern: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/ },
  { name: "cloud access key", pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/ },
  { name: "Grafana token", pattern: /\bgl(?:sa|c|dx)_[A-Za-z0-9]{20,}/ },
  { name: "GitHub token", pattern: /\bgh[pousr]_[A-Za-z0-9]{36}/ },
  { name: "npm token", pattern: /\bnpm_[A-Za-z0-9]{36}/ },
  { name: "Slack token", pattern: /\bxox[abprs]-[A-Za-z0-9-]{20,}/ },
];

/** Keys made for tests, and for nothing else. */
const allowedPaths: readonly string[] = ["tools/checks/secrets.test.ts"];

export interface Finding {
  readonly where: string;
  readonly what: string;
}

/** What looks like a secret in a text. */
export const findSecrets = (where: string, text: string): readonly Finding[] =>
  allowedPaths.includes(where) ? [] : forms.filter(({ pattern }) => pattern.test(text)).map(({ name }) => ({ where, what: name }));

/** Tracked files and every version that a commit of this branch brought. */
export function scanRepository(root: string): readonly Finding[] {
  // The developer's own git, wherever it is.
  // eslint-disable-next-line sonarjs/no-os-command-from-path
  const git = (...args: readonly string[]): string => execFileSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 30 });
  const log = git("log", "--no-merges", "--unified=0", "--no-color", "--format=commit %h", "--patch", "HEAD");
  const inCommits = log.split(/^(?=commit [0-9a-f]+$)/m).flatMap(scanCommit);
  const uncommitted = scanCommit(`commit worktree\n${git("diff", "--unified=0", "HEAD")}`);
  return [...inCommits, ...uncommitted];
}

function scanCommit(text: string): readonly Finding[] {
  const id = /^commit (\S+)/.exec(text)?.[1] ?? "?";
  return text
    .split(/^(?=diff --git )/m)
    .slice(1)
    .flatMap((part) => {
      const file = /^diff --git a\/\S+ b\/(\S+)/.exec(part)?.[1] ?? "?";
      const added = part
        .split("\n")
        .filter((line) => line.startsWith("+") && !line.startsWith("+++"))
        .map((line) => line.slice(1));
      return findSecrets(file, added.join("\n")).map(({ what }) => ({ where: `${file} in ${id}`, what }));
    });
}
