import { badRequest, isJsonObject } from "@dataplane/meta";

/** Where the next page begins. Without a revision it shows the newest state: an inconsistent continuation. */
export interface Continuation {
  readonly revision: bigint | undefined;
  /** The last key of the page before, relative to the list's prefix. */
  readonly after: string;
}

const inconsistent = "-1";

/** `continue` of a list; opaque to clients. */
export const encodeContinuation = ({ revision, after }: Continuation): string =>
  Buffer.from(JSON.stringify({ v: 1, rv: revision?.toString() ?? inconsistent, after })).toString("base64url");

/** Throws BadRequest for what `encodeContinuation` did not make. */
export function decodeContinuation(token: string): Continuation {
  const { rv, after } = parse(token);
  if (typeof rv !== "string" || typeof after !== "string" || !/^(?:-1|\d{1,19})$/.test(rv)) throw invalidToken();
  return { revision: rv === inconsistent ? undefined : BigInt(rv), after };
}

function parse(token: string): { readonly rv?: unknown; readonly after?: unknown } {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    return isJsonObject(value) && value["v"] === 1 ? value : {};
  } catch {
    return {};
  }
}

const invalidToken = (): Error => badRequest("invalid continue token: continue key is not valid");
