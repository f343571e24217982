import { type Headers, hopByHopNames } from "@dataplane/meta";
import { isHeader } from "./is-header.js";

/** What a backend may say of itself only: for this server's origin it would open, or close, doors that are not the backend's. */
const notItsOwn = new Set([
  ...["set-cookie", "set-cookie2", "clear-site-data", "strict-transport-security", "public-key-pins", "alt-svc", "refresh", "www-authenticate"],
  ...["content-security-policy", "content-security-policy-report-only", "service-worker-allowed", "report-to", "reporting-endpoints", "nel"],
  ...["location", "content-location", "audit-id", "server", "x-powered-by"],
]);

/** Headers of a backend's answer, fit to be ours. A page of it gets a sandbox: it must not run as this server's. */
export function answerHeaders(headers: Headers): Record<string, string | readonly string[]> {
  const hops = hopByHopNames(headers);
  const kept = Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined || hops.has(name) || notItsOwn.has(name) || name.startsWith("access-control-")) return [];
    const values = typeof value === "string" ? [value] : value;
    return values.every((one) => isHeader(name, one)) ? [[name, value] as const] : [];
  });
  return { ...Object.fromEntries(kept), "content-security-policy": "sandbox" };
}
