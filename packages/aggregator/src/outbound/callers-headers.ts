import { type HttpRequest, hopByHopNames } from "@dataplane/meta";
import { mayForward } from "../plugin-headers.js";
import { isHeader } from "./is-header.js";

/** The caller's own names for what is said in another way, or not at all. */
const replaced = new Set([
  ...["origin", "referer", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-forwarded-for", "forwarded", "via", "user-agent"],
  ...["authorization", "x-id-token", "x-ds-authorization", "cookie", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "sec-fetch-user"],
]);

/** Headers of a request that go on to a backend by HTTP as the caller sent them, and the X-Forwarded-For and Via of its way. */
export function callersHeaders(request: HttpRequest): Record<string, string | string[]> {
  const hops = hopByHopNames(request.headers);
  const kept = Object.entries(request.headers).flatMap(([name, value]) => {
    if (value === undefined || name.startsWith(":") || hops.has(name) || replaced.has(name) || !mayForward(request, name)) return [];
    const values = typeof value === "string" ? value : [...value];
    return [values].flat().every((one) => isHeader(name, one)) ? [[name, values] as const] : [];
  });
  return {
    ...Object.fromEntries(kept),
    ...listed("x-forwarded-for", [...valuesOf(request, "x-forwarded-for"), request.remoteAddress]),
    ...listed("via", [...valuesOf(request, "via"), "1.1 grafana"]),
  };
}

const valuesOf = ({ headers }: HttpRequest, name: string): readonly string[] => [headers[name] ?? []].flat();

function listed(name: string, values: readonly string[]): Record<string, string> {
  const sound = values.filter((value) => value !== "" && isHeader(name, value));
  return sound.length === 0 ? {} : { [name]: sound.join(", ") };
}
