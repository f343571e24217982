import { badRequest, type HttpRequest } from "@dataplane/meta";

/** Segments of the path behind `proxy`, decoded once, as they were authorized. */
export function proxiedSegments(path: string): readonly string[] {
  const segments = path === "" ? [] : path.split("/");
  if (segments.some(isAmbiguous)) throw badRequest("the proxied path has a segment that a backend could read as another path");
  return segments;
}

/** A dot segment behind a second encoding or before a `;`, as some servers read it; and what can be no segment at all. */
function isAmbiguous(segment: string): boolean {
  if (segment === "" || /[/\\\u0000-\u001f\u007f]/.test(segment)) return true;
  const [name = ""] = decodedAgain(segment).split(";");
  return /^\.{1,2}$/.test(name.trim()) || /(?:^|[/\\])\.{1,2}(?:$|[/\\;])/.test(decodedAgain(segment));
}

function decodedAgain(segment: string): string {
  let text = segment;
  for (let round = 0; round < 3 && text.includes("%"); round += 1) {
    try {
      text = decodeURIComponent(text);
    } catch {
      return text;
    }
  }
  return text;
}

/** `;` stays encoded: what is behind it some servers take away before they look a path up. */
const plain: Readonly<Record<string, string>> = { "%3A": ":", "%40": "@", "%24": "$", "%26": "&", "%2B": "+", "%2C": ",", "%3D": "=" };

export const encodedPath = (segments: readonly string[]): string =>
  segments.map((segment) => encodeURIComponent(segment).replace(/%(?:3A|40|24|26|2B|2C|3D)/g, (code) => plain[code] ?? code)).join("/");

/** The URL's own path, then these segments; a slash at the end is kept. */
export function withPath(base: URL, segments: readonly string[], { path }: Pick<HttpRequest, "path">): URL {
  const url = new URL(base);
  if (segments.length === 0 && !path.endsWith("/")) return url;
  const root = url.pathname.replace(/\/$/, "");
  const tail = segments.length > 0 && path.endsWith("/") ? "/" : "";
  url.pathname = `${root}/${encodedPath(segments)}${tail}`;
  return url;
}

/** Where in this server the proxied paths begin: the request's path without its last `count` segments, and without a slash. */
export function proxyRoot({ path }: Pick<HttpRequest, "path">, count: number): string {
  const segments = path.replace(/\/$/, "").split("/");
  return segments.slice(0, segments.length - count).join("/");
}
