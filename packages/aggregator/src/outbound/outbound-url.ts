import { isIPv4 } from "node:net";

/** A URL that no request may be sent to; the message says why, and names no host. */
export class OutboundUrlError extends Error {
  override readonly name = "OutboundUrlError";
}

/**
 * Reads the URL of a backend. Refused are other schemes than http and https, user names and passwords, and IPv4 addresses in any
 * form but four decimal numbers: two parsers could read those as two hosts. Without a scheme it is http, as in Grafana. Throws
 * OutboundUrlError.
 */
export function parseOutboundUrl(text: string): URL {
  const trimmed = text.trim();
  if (trimmed === "") throw new OutboundUrlError("there is no URL");
  // URL drops tabs and newlines, and takes a backslash for a slash.
  if (/[\s\\]|[^\x21-\uffff]/.test(trimmed)) throw new OutboundUrlError("the URL has a blank, a control character or a backslash");
  const full = /^[a-z][a-z\d+.-]*:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`;
  const url = parsed(full);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw new OutboundUrlError("the scheme of the URL must be http or https");
  const authority = /^[^/]*\/\/([^/?#]*)/.exec(full)?.[1] ?? "";
  if (url.username !== "" || url.password !== "" || authority.includes("@")) {
    throw new OutboundUrlError("the URL must not hold a user name or password");
  }
  if (url.hostname === "") throw new OutboundUrlError("the URL names no host");
  const written = authority.replace(/:\d*$/, "").toLowerCase();
  if (isIPv4(url.hostname) && written !== url.hostname) throw new OutboundUrlError("an IPv4 address must be written as four decimal numbers");
  return url;
}

function parsed(text: string): URL {
  try {
    return new URL(text);
  } catch (cause) {
    throw new OutboundUrlError("the URL cannot be read", { cause });
  }
}

/** As connections name it: lower case, an IPv6 address without brackets, no dot at the end. */
export const hostOf = (hostname: string): string =>
  hostname
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();
