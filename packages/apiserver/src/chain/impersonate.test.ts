import { controlPlaneUser, dataPlaneUser, type HttpRequest, type RequestInfo, type UserInfo } from "@dataplane/meta";
import { expect, test } from "vitest";
import type { Authorizer } from "../authz/authorizer.js";
import { impersonate } from "./impersonate.js";

const caller: UserInfo = { name: "root", groups: ["system:authenticated"] };

interface Outcome {
  readonly user: UserInfo | undefined;
  readonly hidden: readonly string[];
  readonly asked: readonly string[];
}

async function as(rawHeaders: readonly string[], may: (info: RequestInfo) => boolean = () => true, isRaw = true): Promise<Outcome> {
  const asked: string[] = [];
  const authorizer: Authorizer = {
    authorize: (user, info) => {
      const { group, namespace, resource, subresource, name, verb } = info;
      asked.push([user.name, verb, group, namespace, subresource === "" ? resource : `${resource}/${subresource}`, name].join("|"));
      return { allowed: may(info), reason: "" };
    },
  };
  const pairs = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [[name.toLowerCase(), rawHeaders[at + 1] ?? ""] as const] : []));
  const request: HttpRequest = {
    method: "GET",
    path: "/apis",
    query: new URLSearchParams(),
    headers: Object.fromEntries(pairs),
    ...(isRaw ? { rawHeaders } : {}),
    body: (async function* () {})(),
    signal: new AbortController().signal,
    remoteAddress: "127.0.0.1",
    context: { user: caller, credentialHeaders: ["authorization"] },
  };
  await impersonate(authorizer)(request, () => Promise.resolve({ status: 200, headers: {} }));
  return { user: request.context.user, hidden: request.context.credentialHeaders ?? [], asked };
}

test("without the headers nothing is asked, and the caller stays who they are", async () => {
  expect(await as(["Accept", "*/*"])).toEqual({ user: caller, hidden: ["authorization"], asked: [] });
});

test.each([[["Impersonate-User", ""]], [["Impersonate-Nobody", "x"]]])("%j name nobody: the caller stays who they are", async (headers) => {
  const { user, hidden, asked } = await as(headers);
  expect({ user, asked }).toEqual({ user: caller, asked: [] });
  expect(hidden).toContain(headers[0]?.toLowerCase());
});

test("a user, with groups, uid and extra, each with a right of its own", async () => {
  const outcome = await as([
    ...["Impersonate-User", "ann", "Impersonate-Group", "devs", "impersonate-group", "ops, night", "Impersonate-Uid", "u1"],
    ...["Impersonate-Extra-Scopes", "view", "Impersonate-Extra-Scopes", "edit", "Impersonate-Extra-acme.com%2fteam", "a"],
  ]);
  expect(outcome.user).toEqual({
    name: "ann",
    uid: "u1",
    groups: ["devs", "ops, night", "system:authenticated"],
    extra: { scopes: ["view", "edit"], "acme.com/team": ["a"] },
  });
  expect(outcome.asked).toEqual([
    "root|impersonate|||users|ann",
    "root|impersonate|||groups|devs",
    "root|impersonate|||groups|ops, night",
    "root|impersonate|authentication.k8s.io||userextras/scopes|view",
    "root|impersonate|authentication.k8s.io||userextras/scopes|edit",
    "root|impersonate|authentication.k8s.io||userextras/acme.com/team|a",
    "root|impersonate|authentication.k8s.io||uids|u1",
  ]);
  expect(outcome.hidden).toContain("impersonate-user");
  expect(outcome.hidden).toContain("impersonate-extra-scopes");
});

test("a service account has its groups, unless others are named", async () => {
  const { user, asked } = await as(["Impersonate-User", "system:serviceaccount:default:robot"]);
  expect(asked).toEqual(["root|impersonate||default|serviceaccounts|robot"]);
  expect(user?.groups).toEqual(["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"]);
  const named = await as(["Impersonate-User", "system:serviceaccount:default:robot", "Impersonate-Group", "g"]);
  expect(named.user?.groups).toEqual(["g", "system:authenticated"]);
});

test("the anonymous user did not log in", async () => {
  expect((await as(["Impersonate-User", "system:anonymous"])).user?.groups).toEqual(["system:unauthenticated"]);
});

test("headers that came over no connection count too", async () => {
  expect((await as(["Impersonate-User", "ann", "Impersonate-Group", "g"], () => true, false)).user?.groups).toEqual(["g", "system:authenticated"]);
});

test("parts without a user are a bad request", async () => {
  for (const header of ["Impersonate-Group", "Impersonate-Uid", "Impersonate-Extra-a"])
    await expect(as([header, "x"])).rejects.toMatchObject({ code: 400 });
});

test("each part that is not allowed is refused in the words of kube-apiserver", async () => {
  await expect(as(["Impersonate-User", "ann"], () => false)).rejects.toThrow(
    'users "ann" is forbidden: User "root" cannot impersonate resource "users" in API group "" at the cluster scope',
  );
  await expect(as(["Impersonate-User", "ann", "Impersonate-Group", "system:masters"], ({ resource }) => resource === "users")).rejects.toThrow(
    'groups "system:masters" is forbidden',
  );
  await expect(as(["Impersonate-User", "ann", "Impersonate-Extra-Scopes", "x"], ({ resource }) => resource === "users")).rejects.toThrow(
    'userextras.authentication.k8s.io "x" is forbidden: User "root" cannot impersonate resource "userextras/scopes"',
  );
});

test.each([dataPlaneUser.name, controlPlaneUser.name])("nobody becomes %s, whatever their rights", async (name) => {
  await expect(as(["Impersonate-User", name])).rejects.toMatchObject({ code: 403 });
});
