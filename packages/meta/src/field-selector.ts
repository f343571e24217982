import { badRequest } from "./api-error.js";

/** One term of `fieldSelector`, such as `metadata.name=x` or `spec.title!=y`. */
export interface FieldRequirement {
  readonly path: string;
  readonly equal: boolean;
  readonly value: string;
}

/** Terms joined by commas; a backslash keeps the next `\`, `,` or `=`. Throws BadRequest. */
export function parseFieldSelector(text: string): readonly FieldRequirement[] {
  if (text.trim() === "") return [];
  return splitUnescaped(text).map((term) => {
    const match = /^([A-Za-z0-9_.[\]-]+)(==|=|!=)(.*)$/s.exec(term.trim());
    if (match === null) throw badRequest(`invalid field selector ${JSON.stringify(text)}: cannot understand ${JSON.stringify(term)}`);
    return { path: match[1] ?? "", equal: match[2] !== "!=", value: (match[3] ?? "").replace(/\\([\\,=])/g, "$1") };
  });
}

function splitUnescaped(text: string): readonly string[] {
  const parts: string[] = [];
  let part = "";
  for (let index = 0; index < text.length; index++) {
    const char = text[index] ?? "";
    if (char === "\\") {
      part += char + (text[index + 1] ?? "");
      index++;
    } else if (char === ",") {
      parts.push(part);
      part = "";
    } else {
      part += char;
    }
  }
  return [...parts, part];
}
