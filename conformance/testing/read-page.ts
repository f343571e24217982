/** A snippet of a page that is run, and what the page says that it prints. */
export interface Snippet {
  readonly script: string;
  /** The block that follows `<!-- prints -->`; `…` stands for any text. */
  readonly prints?: string;
}

export interface Page {
  /** What the page's server is started with: `<!-- server GF_A=1 GF_B=2 -->`. */
  readonly serverEnvironment: Readonly<Record<string, string>>;
  /** Blocks that follow `<!-- run -->`, in the order of the page. */
  readonly snippets: readonly Snippet[];
}

const marked = /^( *)<!-- (run|prints) -->\n\s*```[^\n]*\n([\s\S]*?)^ *```$/gm;

/** Reads the marks of a Markdown page, which its readers do not see. Throws when output is marked that no snippet before it prints. */
export function readPage(text: string): Page {
  const settings = /^<!-- server (.*) -->$/m.exec(text)?.[1]?.split(" ") ?? [];
  const snippets: Snippet[] = [];
  for (const [, indent = "", kind, body = ""] of text.matchAll(marked)) {
    const block = body
      .split("\n")
      .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
      .join("\n");
    if (kind === "run") snippets.push({ script: block });
    else snippets.push({ ...takeLast(snippets), prints: block });
  }
  return { serverEnvironment: Object.fromEntries(settings.map(toEntry)), snippets };
}

function takeLast(snippets: Snippet[]): Snippet {
  const last = snippets.pop();
  if (last === undefined || last.prints !== undefined) throw new Error("a block is marked as printed, and no snippet before it prints it");
  return last;
}

function toEntry(assignment: string): [string, string] {
  const [name = "", ...value] = assignment.split("=");
  return [name, value.join("=")];
}

/** Whether output is what the page shows: its texts between `…`, in their order, whatever the white space. */
export function isAsShown(output: string, shown: string): boolean {
  let rest = squeeze(output);
  return shown.split("…").every((part) => {
    const text = squeeze(part);
    const at = rest.indexOf(text);
    if (at < 0) return false;
    rest = rest.slice(at + text.length);
    return true;
  });
}

const squeeze = (text: string): string => text.replaceAll(/\s+/g, " ").trim();
