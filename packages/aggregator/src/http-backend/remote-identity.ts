import { badRequest, type UserInfo } from "@dataplane/meta";
import { isHeader } from "../outbound/hop-by-hop.js";

/**
 * Who asks, as an authenticating proxy says it to the server behind it
 * (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#authenticating-proxy). Text is UTF-8 on the wire.
 */
export function remoteIdentity({ name, uid, groups, extra = {} }: UserInfo): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {
    "x-remote-user": wire(name),
    ...(groups.length === 0 ? {} : { "x-remote-group": groups.map(wire) }),
    ...(uid === undefined || uid === "" ? {} : { "x-remote-uid": wire(uid) }),
  };
  // Keys may hold what a header name may not; the server behind decodes them.
  for (const [key, values] of Object.entries(extra)) headers[`x-remote-extra-${encodedKey(key)}`] = values.map(wire);
  return headers;
}

function wire(text: string): string {
  const bytes = Buffer.from(text, "utf8").toString("latin1");
  // A line break would begin a header of the caller's choice, and another user with it.
  if (!isHeader("x", bytes)) throw badRequest("the caller's name, groups or extra values have a character that no header can hold");
  return bytes;
}

const encodedKey = (key: string): string =>
  encodeURIComponent(key.toLowerCase()).replace(/[()]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
