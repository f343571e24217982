import { badRequest, type HttpRequest, hopByHopNames } from "@dataplane/meta";
import { callersHeaders } from "../outbound/callers-headers.js";
import { isHeader } from "../outbound/is-header.js";
import { keptCookies, mayForward } from "../plugin-headers.js";
import { headerOf } from "../request-body.js";
import { customHeaders, type DataSourceSettings } from "./data-source-settings.js";

export interface OutgoingHeadersOptions {
  readonly request: HttpRequest;
  readonly settings: DataSourceSettings;
  /** What the plugin's route adds, names in lower case. */
  readonly added: readonly (readonly [string, string])[];
  /** `Grafana/<version>`. */
  readonly userAgent: string;
  /** The caller's login, where data sources may know it. */
  readonly login: string | undefined;
}

type Outgoing = Record<string, string | string[]>;

/**
 * Headers of a request to a data source. Nothing of what authenticated the caller here is among them. Of several that say who asks
 * there, the last of this order counts: basic authentication, the caller's X-DS-Authorization, the plugin's route, the data source's own
 * headers.
 */
export function outgoingHeaders({ request, settings, added, userAgent, login }: OutgoingHeadersOptions): Outgoing {
  const headers = callersHeaders(request);
  const set = (name: string, value: string | undefined): void => {
    if (value === undefined || value === "") return;
    if (!isHeader(name, value)) throw badRequest(`the data source sets header ${JSON.stringify(name)} to what no header can hold`);
    headers[name] = value;
  };
  set("x-grafana-referer", headerOf(request, "referer"));
  set("user-agent", userAgent);
  set("x-grafana-user", login === undefined ? undefined : Buffer.from(login).toString("latin1"));
  set("cookie", keptCookies(request, settings.JsonData));
  set("authorization", settings.basicAuth);
  if (settings.JsonData["oauthPassThru"] === true) {
    for (const name of ["authorization", "x-id-token"]) if (mayForward(request, name)) set(name, headerOf(request, name));
  }
  if (mayForward(request, "x-ds-authorization")) set("authorization", headerOf(request, "x-ds-authorization"));
  const hops = hopByHopNames({});
  for (const [name, value] of [...added, ...customHeaders(settings)]) {
    if (!hops.has(name) && name !== "content-length") set(name, value);
  }
  return headers;
}
