import { type Doubt, endOfLine, isEscaped, type Language } from "./quoted-places.js";

/**
 * SQL, whatever the database: what all read alike is known, and where they differ about what is a string, the text is in doubt. For a
 * named query does not say which database it goes to.
 */
export const sqlLanguage: Language = { beyond, close };

/** What could begin or end a string, or hide one. */
const matters = /['"`#$[\]]|--|\/\*|\*\//;

/** The index behind `end` when neither way of reading what is between makes a difference. */
const unless = (text: string, { from, end, why }: { readonly from: number; readonly end: number; readonly why: string }): number | Doubt =>
  matters.test(text.slice(from, end)) ? { doubt: why } : end;

function beyond(text: string, at: number): number | Doubt {
  const character = text[at];
  if (text.startsWith("--", at)) return lineComment(text, at);
  if (text.startsWith("/*", at)) return blockComment(text, at);
  if (character === "$") return dollarQuote(text, at);
  if (character === "[") return bracket(text, at);
  if (character !== "#") return at + 1;
  // A comment in MySQL, an operator in PostgreSQL.
  return unless(text, { from: at + 1, end: endOfLine(text, at), why: "a # is before it, which is a comment in some databases only" });
}

/** MySQL asks for a blank behind the dashes; others do not. */
function lineComment(text: string, at: number): number | Doubt {
  const end = endOfLine(text, at);
  if (at + 2 >= end || /\s/.test(text[at + 2] ?? "")) return end;
  return unless(text, { from: at + 2, end, why: "a -- without a blank behind it is before it, which is a comment in some databases only" });
}

/** Some databases nest these, and MySQL runs what is in those that begin with an exclamation mark. */
function blockComment(text: string, at: number): number | Doubt {
  const close = text.indexOf("*/", at + 2);
  const end = close < 0 ? text.length : close;
  const inside = text.slice(at + 2, end);
  // Its last one may share the asterisk of the end.
  if (text.slice(at + 2, end + 1).includes("/*")) return { doubt: "a comment within a comment is before it" };
  // MariaDB has its own: /*M! */.
  if (/^M?!/.test(inside) && matters.test(inside)) return { doubt: "a comment that some databases run is before it" };
  return Math.min(text.length, end + 2);
}

const dollarTag = /\$(?:[A-Za-z_]\w*)?\$/y;

/** PostgreSQL: `$tag$ … $tag$` is a string (https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-DOLLAR-QUOTING). */
function dollarQuote(text: string, at: number): number | Doubt {
  dollarTag.lastIndex = at;
  const tag = dollarTag.exec(text)?.[0];
  if (tag === undefined) return at + 1;
  return { doubt: `${tag} is before it, which begins a string in some databases only` };
}

/** A name in SQL Server; elsewhere an index or a list, which is told by the quote that it begins with. */
function bracket(text: string, at: number): number | Doubt {
  const close = text.indexOf("]", at);
  if (close < 0 || /^\[\s*['"]/.test(text.slice(at, at + 100))) return at + 1;
  return unless(text, { from: at + 1, end: close, why: "quotes within brackets are before it" });
}

/** Two quotes in a row end a string and begin another, which comes to the same. */
function close(text: string, at: number): number | Doubt {
  const quote = text[at] ?? "";
  if (text.startsWith(quote.repeat(3), at)) return { doubt: "three quotes in a row are before it" };
  if (/(?:^|\W)n?q$/i.test(text.slice(Math.max(0, at - 3), at))) return { doubt: "a q'…' string is before it" };
  const end = text.indexOf(quote, at + 1);
  if (end < 0) return text.length;
  return isEscaped(text, end) ? { doubt: "a backslash before a quote is before it, which only some databases take as its escape" } : end;
}
