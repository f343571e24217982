import type { ApiSource, DiscoveredResource } from "@dataplane/apiserver";
import type { ApiClient, Informer } from "@dataplane/client";
import { createController } from "@dataplane/controller";
import { type ApiObject, aborted, type Clock, type Logger } from "@dataplane/meta";
import { servedRoleNames } from "./default-roles.js";
import { type PolicyRule, rulesOf } from "./policy-rule.js";
import { autoupdateAnnotation } from "./reconcile-defaults.js";
import { clusterRolesRef } from "./resource-refs.js";

export interface ServedRolesOptions {
  readonly client: ApiClient;
  /** Run by the caller. */
  readonly clusterRoles: Informer<ApiObject>;
  /** All who serve groups. */
  readonly sources: readonly ApiSource[];
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ServedRolesController {
  /** Something else is served now. */
  changed(): void;
  /** Resolves when the roles say what was served before the call. */
  settled(): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
}

const writer = { fieldManager: "served-roles" };
/** Groups come in bursts, and each change rewrites two roles and those that gather them. */
const burstMs = 50;

/**
 * Viewers read, and editors write, whatever kinds are served: also those of groups that come while the server runs. Rules know no
 * "all but", so two roles that `viewer` and `editor` gather list the groups that there are.
 */
export function servedRolesController({ client, clusterRoles, sources, clock, logger }: ServedRolesOptions): ServedRolesController {
  const controller = createController({
    name: "served-roles",
    clock,
    logger,
    async reconcile(name, signal) {
      const role = clusterRoles.get(name);
      if (role === undefined || role.metadata.annotations?.[autoupdateAnnotation] === "false") return undefined;
      const rules = name === servedRoleNames.editor ? editorRules(sources) : viewerRules(sources);
      if (JSON.stringify(rules) === JSON.stringify(rulesOf(role))) return undefined;
      await client.update(clusterRolesRef, { name }, Object.assign({ ...role }, { rules }), writer, signal);
      return undefined;
    },
  });
  const enqueue = (): void => {
    for (const name of Object.values(servedRoleNames)) controller.enqueue(name);
  };

  return {
    changed() {
      for (const name of Object.values(servedRoleNames)) controller.enqueueAfter(name, burstMs);
    },
    settled() {
      enqueue();
      return controller.drained();
    },
    async run(signal) {
      const stop = clusterRoles.onChange(({ object }) => {
        if (Object.values<string>(servedRoleNames).includes(object.metadata.name)) controller.enqueue(object.metadata.name);
      });
      await Promise.race([clusterRoles.synced, aborted(signal)]);
      enqueue();
      await controller.run(signal);
      stop();
    },
  };
}

const read = ["get", "list", "watch"];

/** Core has Secrets, and its own list in the role `view`. */
function viewerRules(sources: readonly ApiSource[]): readonly PolicyRule[] {
  const groups = [...new Set(sources.flatMap((source) => source.served().map(({ group }) => group)))].filter((group) => group !== "").sort();
  return groups.length === 0 ? [] : [{ verbs: read, apiGroups: groups, resources: ["*"] }];
}

const write = ["create", "delete", "deletecollection", "patch", "update"];

/** To write these is to give rights, or to ask about the rights of others. */
const adminGroups: ReadonlySet<string> = new Set(["", "rbac.authorization.k8s.io", "authorization.k8s.io", "authentication.k8s.io"]);

function editorRules(sources: readonly ApiSource[]): readonly PolicyRule[] {
  const byGroup = new Map<string, Set<string>>();
  for (const { group, resources } of sources.flatMap((source) => source.served())) {
    if (adminGroups.has(group)) continue;
    const names = byGroup.get(group) ?? new Set();
    for (const resource of resources) for (const name of requestedNames(resource)) names.add(name);
    if (names.size > 0) byGroup.set(group, names);
  }
  return sharedRules([...byGroup].sort(([a], [b]) => (a < b ? -1 : 1)).map(([group, names]) => ({ group, resources: [...names].sort() })));
}

/** Groups with the same resources share a rule: a thousand that services bind to one plugin are one rule, to write and to decide by. */
function sharedRules(groups: readonly { readonly group: string; readonly resources: readonly string[] }[]): readonly PolicyRule[] {
  const rules = new Map<string, { readonly apiGroups: string[]; readonly resources: readonly string[] }>();
  for (const { group, resources } of groups) {
    const key = resources.join();
    const rule = rules.get(key);
    if (rule === undefined) rules.set(key, { apiGroups: [group], resources });
    else rule.apiGroups.push(group);
  }
  return [...rules.values()].map((rule) => ({ verbs: write, ...rule }));
}

/**
 * How a request for it is read. A route of a plugin may have more literal segments than a resource and its subresource: of
 * `reports/summary/rows` one is taken for a name.
 */
function requestedNames({ name, namespaced }: DiscoveredResource): readonly string[] {
  const [resource = "", ...rest] = name.split("/");
  return namespaced ? [resource, ...rest.map((part) => `${resource}/${part}`)] : [];
}
