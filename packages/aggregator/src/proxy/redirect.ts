import { ApiError } from "@dataplane/meta";

const redirects = new Set([300, 301, 302, 303, 305, 306, 307, 308]);

export const isRedirect = (status: number): boolean => redirects.has(status);

export interface ProxiedPlace {
  /** The request's own URL at the backend. */
  readonly url: URL;
  /** What of the backend is behind `root`. */
  readonly base: URL;
  /** Path in this server. */
  readonly root: string;
}

/** A backend's `Location` as a path of this server; undefined when it leaves the backend, or the part of it that is proxied. */
export function locationWithin(location: string | undefined, { url, base, root }: ProxiedPlace): string | undefined {
  if (location === undefined || !URL.canParse(location, url.href)) return undefined;
  const target = new URL(location, url);
  const prefix = base.pathname.replace(/\/$/, "");
  const inside = target.origin === url.origin && (target.pathname === prefix || target.pathname.startsWith(`${prefix}/`));
  return inside ? `${root}${target.pathname.slice(prefix.length)}${target.search}` : undefined;
}

/**
 * `Location` of a backend's redirect, as the caller may follow it: by this server, which checks it like any request. One that leads
 * elsewhere is refused: the caller, who is trusted here, would go wherever a backend likes.
 */
export function proxiedLocation(location: string | undefined, place: ProxiedPlace): string {
  const within = locationWithin(location, place);
  if (within === undefined) throw new ApiError("BadGateway", "the data source answered with a redirect to another place, which is refused");
  return within;
}
