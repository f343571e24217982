import { badRequest } from "@dataplane/meta";
import { namespaceOfOrg, orgIdOf } from "../../org-id.js";

export type LiveScope = "ds" | "plugin" | "stream" | "grafana";

/** A channel of Grafana Live: `<scope>/<id>/<path>`, in a namespace. */
export interface LiveChannel {
  readonly namespace: string;
  readonly scope: LiveScope;
  /** Uid of the data source, id of the plugin or of the pushed stream; `broadcast` of `grafana`. */
  readonly id: string;
  readonly path: string;
}

/** Of the name without its prefix. */
const longestName = 160;

const isScope = (text: string): text is LiveScope => ["ds", "plugin", "stream", "grafana"].includes(text);

/** `<org id or namespace>/<scope>/<id>/<path>`, as clients send it. Throws BadRequest. */
export function parseClientChannel(name: string): LiveChannel {
  const slash = name.indexOf("/");
  if (slash < 1) throw badRequest("a channel begins with the number of an organisation, or a namespace");
  return parseChannel(name.slice(slash + 1), namespaceOfPrefix(name.slice(0, slash)));
}

/** `<scope>/<id>/<path>`, in a namespace that was told otherwise. Throws BadRequest. */
export function parseChannel(name: string, namespace: string): LiveChannel {
  if (name.length > longestName) throw badRequest(`a channel has at most ${longestName} characters`);
  const [scope = "", id = "", ...rest] = name.split("/");
  const path = rest.join("/");
  if (!isScope(scope)) throw badRequest("the scope of a channel is ds, plugin, stream or grafana");
  if (!/^[\w.-]+$/.test(id)) throw badRequest("the second part of a channel has only letters, digits, and any of _ - .");
  if (!/^[\w./=-]+$/.test(path)) throw badRequest("the path of a channel has only letters, digits, and any of _ - . = /");
  return { namespace, scope, id, path };
}

/** The one name of a channel that all its subscribers use. */
export const clientChannelName = (channel: LiveChannel): string => `${prefixOf(channel.namespace)}/${channelName(channel)}`;

export const channelName = ({ scope, id, path }: LiveChannel): string => `${scope}/${id}/${path}`;

const prefixOf = (namespace: string): string => String(orgIdOf(namespace) || namespace);

/** Each namespace has one prefix, so that each channel has one name. */
function namespaceOfPrefix(prefix: string): string {
  const namespace = /^\d+$/.test(prefix) ? namespaceOfOrg(prefix) : prefix;
  if (namespace === undefined || !/^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/.test(namespace) || prefixOf(namespace) !== prefix) {
    throw badRequest("a channel begins with the number of an organisation, or a namespace that has none");
  }
  return namespace;
}
