import type { HttpRequest } from "@dataplane/meta";

/** What follows the scheme in `Authorization`; undefined when the header is absent or of another scheme. `scheme` is lower case. */
export function authorizationOf({ headers }: Pick<HttpRequest, "headers">, scheme: string): string | undefined {
  const header = headers["authorization"];
  if (typeof header !== "string") return undefined;
  const space = header.indexOf(" ");
  if (space < 0 || header.slice(0, space).toLowerCase() !== scheme) return undefined;
  const credential = header.slice(space + 1).trim();
  return credential === "" ? undefined : credential;
}
