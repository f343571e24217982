import { ApiError, badRequest } from "@dataplane/meta";
import type { CST, Document, LineCounter, ParsedNode } from "yaml";
import { maxDepth } from "./schema/field-path.js";

/** The library spends microseconds on each: so many hold the process for about a second. Megabytes of JSON are read in far less. */
const mostLexemes = 250_000;

/**
 * The one document of a YAML body. Throws BadRequest when it is nested deeper than an object may be, RequestEntityTooLarge when it has more
 * parts than are read in good time.
 */
export function yamlDocument(yaml: typeof import("yaml"), text: string, lineCounter: LineCounter): Document.Parsed | undefined {
  const tokens = yamlTokens(yaml, text, {
    lineCounter,
    tooDeep: () => badRequest(`the body is nested deeper than ${maxDepth} levels`),
    tooMany: () => new ApiError("RequestEntityTooLarge", `the body has more than ${mostLexemes} parts: send it as JSON`),
  });
  // The library compares each key with all before it: 60,000 keys in one map would hold the process for minutes.
  // Nor may a body write warnings on our stderr.
  const [document, second] = new yaml.Composer<ParsedNode>({ uniqueKeys: false, logLevel: "error", lineCounter }).compose(tokens, true, text.length);
  if (second !== undefined) throw badRequest("the body is not valid YAML: it has several documents");
  for (const fault of document?.errors ?? []) {
    const [from, to] = fault.pos;
    fault.linePos = [lineCounter.linePos(from), lineCounter.linePos(to)];
  }
  return document;
}

export interface YamlTokensOptions {
  readonly lineCounter: LineCounter;
  /** What is thrown for a text that is nested deeper than an object may be. */
  readonly tooDeep: () => Error;
  /** For one that has more parts than are read in good time. */
  readonly tooMany: () => Error;
}

/**
 * A YAML text as it is taken apart, for the library's Composer. Nesting and length are looked at before anything recurses, as nobody can
 * afterwards: the engine ends the process, past any catch, when a regular expression is compiled with little stack left.
 */
export function yamlTokens(yaml: typeof import("yaml"), text: string, { lineCounter, tooDeep, tooMany }: YamlTokensOptions): readonly CST.Token[] {
  const parser = new yaml.Parser(lineCounter.addNewLine);
  const tokens: CST.Token[] = [];
  lineCounter.addNewLine(0);
  const requireReadable = lexemeLimits({ tooDeep, tooMany });
  for (const lexeme of new yaml.Lexer().lex(text)) {
    requireReadable(lexeme);
    tokens.push(...parser.next(lexeme));
  }
  tokens.push(...parser.end());
  if (isDeep(tokens)) throw tooDeep();
  return tokens;
}

/** Where the first key stands that a map has twice. The library's own check compares each key with each other one. */
export function duplicateKey(yaml: typeof import("yaml"), document: Document): number | undefined {
  let found: number | undefined;
  yaml.visit(document, {
    Map(_key, { items }) {
      const seen = new Set<string>();
      for (const { key } of items) {
        if (!yaml.isScalar(key) || key.value === "<<") continue;
        const name = String(key.value);
        if (seen.has(name)) {
          found = key.range?.[0] ?? 0;
          return yaml.visit.BREAK;
        }
        seen.add(name);
      }
      return undefined;
    },
  });
  return found;
}

/** Counts what opens: brackets, and dashes and question marks that follow each other on a line. */
function lexemeLimits({ tooDeep, tooMany }: Pick<YamlTokensOptions, "tooDeep" | "tooMany">): (lexeme: string) => void {
  let [count, brackets, onLine] = [0, 0, 0];
  return (lexeme) => {
    count += 1;
    if (count > mostLexemes) throw tooMany();
    if (lexeme === "[" || lexeme === "{") brackets += 1;
    else if (lexeme === "]" || lexeme === "}") brackets = Math.max(0, brackets - 1);
    else if (lexeme === "\n" || lexeme === "\r\n") onLine = 0;
    else if (lexeme === "-" || lexeme === "?") onLine += brackets === 0 ? 1 : 0;
    if (brackets > maxDepth || onLine > maxDepth) throw tooDeep();
  };
}

function isDeep(tokens: readonly CST.Token[]): boolean {
  let layer: readonly CST.Token[] = tokens;
  // A document is a level too.
  for (let depth = 0; depth <= maxDepth + 1; depth += 1) layer = layer.flatMap(childrenOf);
  return layer.length > 0;
}

function childrenOf(token: CST.Token): readonly CST.Token[] {
  if (token.type === "document") return token.value === undefined ? [] : [token.value];
  if (!("items" in token)) return [];
  return token.items.flatMap(({ key, value }) => [key, value].filter((it): it is CST.Token => it !== undefined && it !== null));
}
