import { isUtf8 } from "node:buffer";
import { type HttpRequest, systemGroups, type UserInfo } from "@dataplane/meta";
import { unauthorized } from "../chain/authenticate.js";
import type { Authenticator } from "./authenticator.js";
import { type ClientCertificateOptions, clientCertificateVerifier } from "./client-certificate.js";

/** Names of headers by which a proxy in front says who asks; any case. */
export interface RequestHeaderNames {
  /** The first that has a value counts. */
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraPrefixes: readonly string[];
}

/** Those that kube-aggregator sends. */
export const remoteHeaders: RequestHeaderNames = {
  usernameHeaders: ["X-Remote-User"],
  uidHeaders: ["X-Remote-Uid"],
  groupHeaders: ["X-Remote-Group"],
  extraPrefixes: ["X-Remote-Extra-"],
};

export interface RequestHeaderOptions extends ClientCertificateOptions, RequestHeaderNames {
  /** Common names of proxies that are believed; empty: any of the authority's. */
  readonly allowedNames: readonly string[];
}

/**
 * Believes a proxy that shows a client certificate of its authority and an allowed name
 * (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#authenticating-proxy). From anybody else such headers are
 * no credential. Throws Unauthorized for values that are no UTF-8.
 */
export function requestHeaderAuthenticator(options: RequestHeaderOptions): Authenticator {
  const verify = clientCertificateVerifier(options);
  const allowedNames = new Set(options.allowedNames);
  const names = lowerCased(options);
  return {
    authenticate(request) {
      const proxy = request.peerCertificate === undefined ? undefined : verify(request.peerCertificate);
      if (proxy === undefined || (allowedNames.size > 0 && !allowedNames.has(proxy.commonName))) return undefined;
      return Promise.resolve().then(() => authenticated(request, names));
    },
  };
}

const lowerCased = ({ usernameHeaders, uidHeaders, groupHeaders, extraPrefixes }: RequestHeaderNames): RequestHeaderNames => {
  const lower = (list: readonly string[]): readonly string[] => list.map((it) => it.toLowerCase());
  return {
    usernameHeaders: lower(usernameHeaders),
    uidHeaders: lower(uidHeaders),
    groupHeaders: lower(groupHeaders),
    extraPrefixes: lower(extraPrefixes),
  };
};

function authenticated(request: HttpRequest, names: RequestHeaderNames) {
  const headers = valuesByName(request);
  const valuesOf = (list: readonly string[]): readonly string[] =>
    list.flatMap((name) => headers.get(name) ?? []).flatMap((value) => (value === "" ? [] : [textOf(value)]));
  const name = valuesOf(names.usernameHeaders)[0];
  if (name === undefined) return undefined;
  const uid = valuesOf(names.uidHeaders)[0];
  const extra = extraOf(headers, names.extraPrefixes);
  const user: UserInfo = {
    name,
    ...(uid === undefined ? {} : { uid }),
    groups: groupsOf(name, valuesOf(names.groupHeaders)),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
  const prefixed = [...headers.keys()].filter((header) => names.extraPrefixes.some((prefix) => header.startsWith(prefix)));
  // A password or token beside them was not looked at, and is not for whoever comes next.
  const credentialHeaders = ["authorization", ...names.usernameHeaders, ...names.uidHeaders, ...names.groupHeaders, ...prefixed];
  return { user, credentialHeaders };
}

/** Whoever logged in, here or at the proxy, is authenticated; nobody else is. */
function groupsOf(name: string, groups: readonly string[]): readonly string[] {
  const isSaid = name === "system:anonymous" || groups.includes(systemGroups.authenticated) || groups.includes(systemGroups.unauthenticated);
  return isSaid ? groups : [...groups, systemGroups.authenticated];
}

/** Each value apart: in `headers` Node joins those of a name by commas, which a group may have. */
function valuesByName({ rawHeaders, headers }: HttpRequest): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  const add = (name: string, value: string): void => {
    const present = values.get(name);
    if (present === undefined) values.set(name, [value]);
    else present.push(value);
  };
  if (rawHeaders === undefined) {
    for (const [name, value] of Object.entries(headers)) for (const it of [value ?? []].flat()) add(name, it);
  } else {
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) add((rawHeaders[index] ?? "").toLowerCase(), rawHeaders[index + 1] ?? "");
  }
  return values;
}

function extraOf(headers: ReadonlyMap<string, readonly string[]>, prefixes: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const extra = new Map<string, readonly string[]>();
  for (const prefix of prefixes) {
    for (const [name, values] of headers) {
      if (!name.startsWith(prefix)) continue;
      const key = unescaped(name.slice(prefix.length));
      extra.set(key, [...(extra.get(key) ?? []), ...values.map(textOf)]);
    }
  }
  return Object.fromEntries(extra);
}

/** Keys are percent-encoded where a header name could not hold them; one that is malformed stands as it came. */
function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** Node reads bytes as Latin-1; names of users are UTF-8. */
function textOf(value: string): string {
  const bytes = Buffer.from(value, "latin1");
  if (!isUtf8(bytes)) throw unauthorized("the headers that name the user are no UTF-8");
  return bytes.toString("utf8");
}
