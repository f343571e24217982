import { badRequest } from "./api-error.js";
import type { UserInfo } from "./user.js";

/**
 * The user as an authenticating proxy tells it
 * (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#authenticating-proxy). Throws BadRequest for one that cannot be told:
 * HTTP would change it on the way, and the server behind would take it for somebody else.
 */
export function identityHeaders({ name, uid, groups, extra = {} }: UserInfo): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { "x-remote-user": spoken(name, "name of the user") };
  if (uid !== undefined && uid !== "") headers["x-remote-uid"] = spoken(uid, "uid of the user");
  if (groups.length > 0) headers["x-remote-group"] = groups.map((group) => spoken(group, "name of a group"));
  for (const [key, values] of Object.entries(extra)) {
    if (values.length > 0) headers[`x-remote-extra-${escapedKey(key)}`] = values.map((value) => spoken(value, "value of an extra"));
  }
  return headers;
}

/** UTF-8 in the bytes of Latin-1, as Node writes headers. HTTP strips blanks at both ends (RFC 9110 5.5): " admin" would arrive as "admin". */
function spoken(text: string, what: string): string {
  const isWhole = text !== "" && isWellFormed(text) && !/[\0-\x08\n-\x1f\x7f]/.test(text) && !/^[\t ]|[\t ]$/.test(text);
  if (!isWhole) throw badRequest(`the ${what} cannot be sent in a header`);
  return Buffer.from(text, "utf8").toString("latin1");
}

/** What a header name cannot have, and `%` itself, percent-encoded; names come in lower case, so upper case is lost as in Kubernetes. */
const escapedKey = (key: string): string =>
  [...Buffer.from(key.toLowerCase(), "utf8")]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return byte < 0x80 && /[\w!#$&'*+.^`|~-]/.test(character) ? character : `%${byte.toString(16).padStart(2, "0")}`;
    })
    .join("");

const isWellFormed = (text: string): boolean => Buffer.from(text, "utf8").toString("utf8") === text;
