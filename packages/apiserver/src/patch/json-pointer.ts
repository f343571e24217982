import { badRequest } from "@dataplane/meta";

/** The reference tokens of a JSON pointer (RFC 6901), unescaped; none for the whole document. */
export function parsePointer(pointer: string): readonly string[] {
  if (pointer === "") return [];
  if (!pointer.startsWith("/")) throw badRequest(`json patch: path ${JSON.stringify(pointer)} does not begin with "/"`);
  return pointer
    .slice(1)
    .split("/")
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The array index that a token names; undefined when it is not one. */
export const arrayIndex = (token: string): number | undefined => (/^(?:0|[1-9]\d{0,9})$/.test(token) ? Number(token) : undefined);
