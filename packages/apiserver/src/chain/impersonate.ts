import {
  badRequest,
  controlPlaneUser,
  dataPlaneUser,
  type Handler,
  type HttpRequest,
  type HttpResponse,
  type RequestInfo,
  systemGroups,
  type UserInfo,
} from "@dataplane/meta";
import type { Authorizer } from "../authz/authorizer.js";
import { unauthorized } from "./authenticate.js";
import type { Filter } from "./filter.js";
import { forbidden } from "./forbidden.js";

const prefix = "impersonate-";
const extraPrefix = "impersonate-extra-";

/** What a caller wants to be: a part of a user, and the right that it takes (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation). */
interface Wish {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name: string;
}

/** Users of this process alone: whoever could be them would read every secret. */
const internalNames: ReadonlySet<string> = new Set([dataPlaneUser.name, controlPlaneUser.name]);

/**
 * `Impersonate-User`, `-Group`, `-Uid` and `-Extra-*`: the request goes on as that user, once the caller was allowed `impersonate` on each
 * part. Throws BadRequest when parts come without a user, Forbidden when a part is not allowed. The headers leave this process never.
 */
export const impersonate =
  (authorizer: Authorizer): Filter =>
  (request, next) => {
    // Nearly all requests have none.
    for (const name in request.headers) if (name.startsWith(prefix)) return impersonated(authorizer, request, next);
    return next(request);
  };

async function impersonated(authorizer: Authorizer, request: HttpRequest, next: Handler): Promise<HttpResponse> {
  const headers = impersonationHeaders(request);
  const { context } = request;
  const { user } = context;
  if (user === undefined) throw unauthorized();
  const wishes = wishesOf(headers);
  for (const wish of wishes) await requireAllowed(authorizer, user, wish);
  // Headers that name nobody make nobody of the caller.
  if (wishes.length > 0) context.user = userOf(headers);
  context.credentialHeaders = [...(context.credentialHeaders ?? []), ...new Set(headers.map(([name]) => name))];
  return next(request);
}

type Header = readonly [name: string, value: string];

/** Each value of a header on its own where the connection tells: a group's name may hold a comma. */
function impersonationHeaders({ headers, rawHeaders }: HttpRequest): readonly Header[] {
  const names = Object.keys(headers).filter((name) => name.startsWith(prefix));
  if (rawHeaders === undefined) return names.flatMap((name) => listOf(headers[name]).map((value): Header => [name, value]));
  const found: Header[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? "").toLowerCase();
    if (name.startsWith(prefix)) found.push([name, rawHeaders[index + 1] ?? ""]);
  }
  return found;
}

const listOf = (value: string | readonly string[] | undefined): readonly string[] => (value === undefined ? [] : [value].flat());

const valuesOf = (headers: readonly Header[], wanted: string): readonly string[] =>
  headers.filter(([name]) => name === wanted).map(([, value]) => value);

function wishesOf(headers: readonly Header[]): readonly Wish[] {
  const user = nameIn(headers);
  const uid = valuesOf(headers, "impersonate-uid").filter((it) => it !== "");
  const parts: readonly Wish[] = [
    ...valuesOf(headers, "impersonate-group").map((name) => ({ group: "", resource: "groups", name })),
    ...extrasOf(headers).map(([key, name]) => ({ group: "authentication.k8s.io", resource: "userextras", subresource: key, name })),
    ...uid.slice(0, 1).map((name) => ({ group: "authentication.k8s.io", resource: "uids", name })),
  ];
  if (user === "") {
    if (parts.length === 0) return [];
    throw badRequest(`requested ${parts.map(({ resource, name }) => `${resource} ${JSON.stringify(name)}`).join(", ")} without impersonating a user`);
  }
  const account = serviceAccountOf(user);
  const whole: Wish = account === undefined ? { group: "", resource: "users", name: user } : { group: "", resource: "serviceaccounts", ...account };
  return [whole, ...parts];
}

const nameIn = (headers: readonly Header[]): string => valuesOf(headers, "impersonate-user")[0] ?? "";

function serviceAccountOf(user: string): { readonly namespace: string; readonly name: string } | undefined {
  const [system, kind, namespace = "", name = "", ...rest] = user.split(":");
  if (system !== "system" || kind !== "serviceaccount" || rest.length > 0 || namespace === "" || name === "") return undefined;
  return { namespace, name };
}

/** Keys are lower case, as header names are, and may be percent-encoded. */
const extrasOf = (headers: readonly Header[]): readonly Header[] =>
  headers.filter(([name]) => name.startsWith(extraPrefix)).map(([name, value]) => [decoded(name.slice(extraPrefix.length)), value]);

function decoded(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

async function requireAllowed(authorizer: Authorizer, caller: UserInfo, wish: Wish): Promise<void> {
  const { group, resource, subresource = "", namespace = "", name } = wish;
  const target = { group, version: "v1", namespace, resource, name, subresource, segments: [] };
  const info: RequestInfo = { isResourceRequest: true, path: "", verb: "impersonate", ...target };
  if (resource === "users" && internalNames.has(name)) throw forbidden(caller, info, "internal to this server");
  const { allowed, reason } = await authorizer.authorize(caller, info);
  if (!allowed) throw forbidden(caller, info, reason);
}

function userOf(headers: readonly Header[]): UserInfo {
  const name = nameIn(headers);
  const [uid = ""] = valuesOf(headers, "impersonate-uid");
  const extra = new Map<string, string[]>();
  for (const [key, value] of extrasOf(headers)) extra.set(key, [...(extra.get(key) ?? []), value]);
  return {
    name,
    ...(uid === "" ? {} : { uid }),
    groups: groupsOf(name, valuesOf(headers, "impersonate-group")),
    ...(extra.size === 0 ? {} : { extra: Object.fromEntries(extra) }),
  };
}

/** Groups that were named are all there are, but for the one that says whether somebody logged in. */
function groupsOf(name: string, asked: readonly string[]): readonly string[] {
  const account = serviceAccountOf(name);
  const groups = asked.length > 0 || account === undefined ? asked : ["system:serviceaccounts", `system:serviceaccounts:${account.namespace}`];
  const { authenticated, unauthenticated } = systemGroups;
  if (name === "system:anonymous") return groups.includes(unauthenticated) ? groups : [...groups, unauthenticated];
  return groups.includes(authenticated) || groups.includes(unauthenticated) ? groups : [...groups, authenticated];
}
