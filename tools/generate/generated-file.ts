/** A committed file that is made of declarations: its whole text, or the part between two markers. */
export interface GeneratedFile {
  /** From the repository's root, with "/". */
  readonly path: string;
  readonly text: string;
}

/** Keys in the order of their names, so that the text depends on the content alone. Two spaces, one newline at the end. */
export const jsonText = (value: unknown): string => `${JSON.stringify(sorted(value), null, 2)}\n`;

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, member]) => [key, sorted(member)]));
}

/** `document` with `inner` between the lines `<!-- generated: name -->` and `<!-- end -->`. Throws when they are not there. */
export function between(document: string, name: string, inner: string): string {
  const start = `<!-- generated: ${name} -->`;
  const begin = document.indexOf(start);
  const end = document.indexOf("<!-- end -->", begin);
  if (begin < 0 || end < 0) throw new Error(`the markers ${start} and <!-- end --> are missing`);
  return `${document.slice(0, begin + start.length)}\n\n${inner}\n\n${document.slice(end)}`;
}

export interface Differences {
  /** Missing, or not what the declarations make. */
  readonly changed: readonly GeneratedFile[];
  /** Paths of files that are no longer made. */
  readonly leftOver: readonly string[];
}

/** `current` gives the committed text; `owned` are the files of folders that hold nothing but generated ones. */
export function differences(
  files: readonly GeneratedFile[],
  { current, owned }: { readonly current: (path: string) => string | undefined; readonly owned: readonly string[] },
): Differences {
  const wanted = new Set(files.map(({ path }) => path));
  return { changed: files.filter(({ path, text }) => current(path) !== text), leftOver: owned.filter((path) => !wanted.has(path)) };
}
