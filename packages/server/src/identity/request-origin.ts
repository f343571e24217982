import { isIPv4 } from "node:net";
import type { HttpRequest } from "@dataplane/meta";

type Origin = Pick<HttpRequest, "remoteAddress" | "headers">;

/** From this machine, and not through a proxy on it that carries somebody else's request. */
export const isLocal = (request: Origin): boolean => isLoopback(request.remoteAddress) && forwardingHeaders(request).length === 0;

/**
 * From this machine, be it through a proxy on it that says of everyone on the request's way that they are on this machine too, as
 * `kubectl proxy` does.
 */
export function isLocalThroughProxies(request: Origin): boolean {
  if (!isLoopback(request.remoteAddress)) return false;
  if (forwardingHeaders(request).length === 0) return true;
  const { "x-forwarded-for": addresses, forwarded } = request.headers;
  const told = [...listed(addresses), ...listed(forwarded).map(forOf)];
  return told.length > 0 && told.every(isLoopback);
}

const forwardingHeaders = ({ headers }: Origin): readonly string[] =>
  Object.keys(headers).filter((name) => name === "forwarded" || name.startsWith("x-forwarded-"));

const listed = (value: string | readonly string[] | undefined): readonly string[] =>
  [value ?? []].flat().flatMap((it) => it.split(",").map((part) => part.trim()));

/** The address that an element of Forwarded (RFC 7239) names; empty when it names none, which is nobody here. */
function forOf(element: string): string {
  const pair = element.split(";").find((it) => it.trim().toLowerCase().startsWith("for="));
  const node = pair === undefined ? "" : pair.trim().slice("for=".length).replaceAll('"', "");
  const inBrackets = /^\[([0-9a-f:.]+)\](?::\d+)?$/i.exec(node)?.[1];
  return inBrackets ?? node.replace(/:\d+$/, "");
}

/** 127.0.0.0/8, also as IPv6 writes it, or ::1. */
function isLoopback(address: string): boolean {
  const bare = address.toLowerCase().startsWith("::ffff:") ? address.slice("::ffff:".length) : address;
  return bare === "::1" || (isIPv4(bare) && bare.startsWith("127."));
}
