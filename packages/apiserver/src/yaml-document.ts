import { ApiError, badRequest } from "@dataplane/meta";
import type { CST, Document, LineCounter, ParsedNode } from "yaml";
import { maxDepth } from "./schema/field-path.js";

/** The library spends microseconds on each: so many hold the process for about a second. Megabytes of JSON are read in far less. */
const mostLexemes = 250_000;

/**
 * The one document of a YAML text. Nesting and length are looked at as the text is taken apart, before anything recurses: the
 * engine ends the process when a regular expression is compiled with little stack left. Throws BadRequest when it is nested deeper
 * than an object may be, RequestEntityTooLarge when it has more parts than are read in good time.
 */
export function yamlDocument(yaml: typeof import("yaml"), text: string, lineCounter: LineCounter): Document.Parsed | undefined {
  const parser = new yaml.Parser(lineCounter.addNewLine);
  const tokens: CST.Token[] = [];
  lineCounter.addNewLine(0);
  const requireReadable = lexemeLimits();
  for (const lexeme of new yaml.Lexer().lex(text)) {
    requireReadable(lexeme);
    tokens.push(...parser.next(lexeme));
  }
  tokens.push(...parser.end());
  requireShallow(tokens);
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

const tooDeep = (): ApiError => badRequest(`the body is nested deeper than ${maxDepth} levels`);

/** Counts what opens: brackets, and dashes and question marks that follow each other on a line. */
function lexemeLimits(): (lexeme: string) => void {
  let [count, brackets, onLine] = [0, 0, 0];
  return (lexeme) => {
    count += 1;
    if (count > mostLexemes) throw new ApiError("RequestEntityTooLarge", `the body has more than ${mostLexemes} parts: send it as JSON`);
    if (lexeme === "[" || lexeme === "{") brackets += 1;
    else if (lexeme === "]" || lexeme === "}") brackets = Math.max(0, brackets - 1);
    else if (lexeme === "\n" || lexeme === "\r\n") onLine = 0;
    else if (lexeme === "-" || lexeme === "?") onLine += brackets === 0 ? 1 : 0;
    if (brackets > maxDepth || onLine > maxDepth) throw tooDeep();
  };
}

function requireShallow(tokens: readonly CST.Token[]): void {
  let layer: readonly CST.Token[] = tokens;
  // A document is a level too.
  for (let depth = 0; depth <= maxDepth + 1; depth += 1) layer = layer.flatMap(childrenOf);
  if (layer.length > 0) throw tooDeep();
}

function childrenOf(token: CST.Token): readonly CST.Token[] {
  if (token.type === "document") return token.value === undefined ? [] : [token.value];
  if (!("items" in token)) return [];
  return token.items.flatMap(({ key, value }) => [key, value].filter((it): it is CST.Token => it !== undefined && it !== null));
}
