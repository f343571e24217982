/** Text of JSON values inside well-formed JSON, as it stands: JSON.parse would round integers beyond 2^53. */

const isBlank = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

function afterBlank(text: string, start: number): number {
  let at = start;
  while (isBlank(text.charCodeAt(at))) at++;
  return at;
}

function endOfString(text: string, start: number): number {
  let end = start;
  let escapes: number;
  do {
    end = text.indexOf('"', end + 1);
    escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === 0x5c) escapes++;
  } while (escapes % 2 === 1);
  return end + 1;
}

function endOfContainer(text: string, start: number): number {
  let depth = 0;
  let at = start;
  do {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = endOfString(text, at);
      continue;
    }
    if (code === 0x7b || code === 0x5b) depth++;
    else if (code === 0x7d || code === 0x5d) depth--;
    at++;
  } while (depth > 0);
  return at;
}

/** Ends of `null`, of numbers and the like. */
function endOfWord(text: string, start: number): number {
  let at = start;
  for (
    let code = text.charCodeAt(at);
    code !== 0x2c && code !== 0x5d && code !== 0x7d && !isBlank(code) && at < text.length;
    code = text.charCodeAt(at)
  )
    at++;
  return at;
}

function endOfValue(text: string, start: number): number {
  const code = text.charCodeAt(start);
  if (code === 0x22) return endOfString(text, start);
  return code === 0x7b || code === 0x5b ? endOfContainer(text, start) : endOfWord(text, start);
}

/** The text of each member of an object, by its key; of several of one key the last. Nothing for what is no object. */
export function membersOf(text: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  const start = afterBlank(text, 0);
  if (text[start] !== "{") return members;
  let at = afterBlank(text, start + 1);
  while (text[at] === '"') {
    const keyEnd = endOfString(text, at);
    const key: unknown = JSON.parse(text.slice(at, keyEnd));
    const from = afterBlank(text, afterBlank(text, keyEnd) + 1);
    const to = endOfValue(text, from);
    members.set(String(key), text.slice(from, to));
    at = afterComma(text, to);
  }
  return members;
}

/** The text of each element of an array. Nothing for what is no array. */
export function elementsOf(text: string): readonly string[] {
  const elements: string[] = [];
  const start = afterBlank(text, 0);
  if (text[start] !== "[") return elements;
  let at = afterBlank(text, start + 1);
  while (at < text.length && text[at] !== "]") {
    const to = endOfValue(text, at);
    elements.push(text.slice(at, to));
    at = afterComma(text, to);
  }
  return elements;
}

function afterComma(text: string, end: number): number {
  const at = afterBlank(text, end);
  return text[at] === "," ? afterBlank(text, at + 1) : at;
}
