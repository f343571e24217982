import path from "node:path";

/** What a Markdown document claims about the repository. */
export interface Claims {
  /** Files and folders that it names in code spans or links, from the repository's root. */
  readonly paths: readonly string[];
  /** Shell snippets that are marked by `sh ci`. */
  readonly snippets: readonly string[];
}

const topFolders = new Set(["packages", "plugins", "tools", "conf", "api", "docs", "examples", "conformance", "bench", ".ci"]);
/** Made by those who use it: no clone has it. */
const ownByUsers = new Set(["conf/custom.ini"]);

/** `file` is the document's place, from the repository's root: relative links count from there. */
export function readDocument(file: string, text: string): Claims {
  const fences = [...text.matchAll(/^( *)```(.*)\n([\s\S]*?)^ *```$/gm)];
  const prose = fences.reduce((rest, [whole]) => rest.replace(whole, ""), text);
  const spans = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span).filter(isPath);
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) => linkTarget(file, target));
  return {
    paths: [...new Set([...spans, ...links])].filter((it) => !ownByUsers.has(it)),
    snippets: fences.filter(([, , info]) => info === "sh ci").map(([, indent = "", , body = ""]) => outdent(body, indent.length)),
  };
}

/** A path below one of our folders; with a placeholder or a pattern it names no file. */
const isPath = (span: string): boolean => /^[\w./@-]+$/.test(span) && span.includes("/") && topFolders.has(span.split("/")[0] ?? "");

function linkTarget(file: string, target: string): readonly string[] {
  const [name = ""] = target.split("#");
  if (name === "" || /^[a-z]+:/.test(name)) return [];
  return [path.posix.normalize(path.posix.join(path.posix.dirname(file), name))];
}

const outdent = (body: string, width: number): string =>
  body
    .split("\n")
    .map((line) => (line.slice(0, width).trim() === "" ? line.slice(width) : line))
    .join("\n");
