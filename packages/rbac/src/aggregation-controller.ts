import type { ApiClient, Informer } from "@dataplane/client";
import { type Controller, createController } from "@dataplane/controller";
import { type ApiObject, aborted, type Clock, type Logger } from "@dataplane/meta";
import { aggregationRuleOf, type LabelSelectorSpec, type PolicyRule, rulesOf } from "./policy-rule.js";
import { clusterRolesRef } from "./resource-refs.js";

export interface AggregationOptions {
  readonly client: ApiClient;
  /** Run by the caller. */
  readonly clusterRoles: Informer<ApiObject>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface AggregationController {
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when every ClusterRole that gathers has what was there before the call. */
  settled(): Promise<void>;
}

const writer = { fieldManager: "clusterrole-aggregation-controller" };

/** Keeps the rules of each ClusterRole with an aggregationRule equal to those of the roles that its selectors match. */
export function clusterRoleAggregationController({ client, clusterRoles, clock, logger }: AggregationOptions): AggregationController {
  const controller = createController({
    name: "clusterrole-aggregation",
    clock,
    logger,
    async reconcile(name, signal) {
      const role = clusterRoles.get(name);
      if (role === undefined) return undefined;
      const rules = gatheredRules(role, clusterRoles.list());
      if (rules === undefined || sameRules(rulesOf(role), rules)) return undefined;
      await client.update(clusterRolesRef, { name }, Object.assign({ ...role }, { rules }), writer, signal);
      return undefined;
    },
  });
  const enqueueAll = (): void => enqueueGathering(controller, clusterRoles.list());

  return {
    async run(signal) {
      const stop = clusterRoles.onChange(enqueueAll);
      await Promise.race([clusterRoles.synced, aborted(signal)]);
      enqueueAll();
      await controller.run(signal);
      stop();
    },
    async settled() {
      // Each level of gathering may wake the one above it: view, edit, admin.
      for (let level = 0; level < 8 && clusterRoles.list().some((role) => isBehind(role, clusterRoles.list())); level++) {
        enqueueAll();
        await controller.drained();
        await clock.sleep(5);
      }
    },
  };
}

function enqueueGathering(controller: Controller, roles: readonly ApiObject[]): void {
  for (const role of roles) if (aggregationRuleOf(role) !== undefined) controller.enqueue(role.metadata.name);
}

function isBehind(role: ApiObject, all: readonly ApiObject[]): boolean {
  const rules = gatheredRules(role, all);
  return rules !== undefined && !sameRules(rulesOf(role), rules);
}

/** The rules of all roles that match, each rule once, in the order of the roles' names; undefined for a role that gathers none. */
export function gatheredRules(role: ApiObject, all: readonly ApiObject[]): readonly PolicyRule[] | undefined {
  const selectors = aggregationRuleOf(role)?.clusterRoleSelectors;
  if (selectors === undefined) return undefined;
  const givers = all.filter(
    ({ metadata }) => metadata.name !== role.metadata.name && selectors.some((selector) => matches(selector, metadata.labels ?? {})),
  );
  const byName = [...givers].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  return [...new Map(byName.flatMap(rulesOf).map((rule) => [JSON.stringify(rule), rule])).values()];
}

function matches({ matchLabels = {}, matchExpressions = [] }: LabelSelectorSpec, labels: Readonly<Record<string, string>>): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === "Exists") return value !== undefined;
      if (operator === "DoesNotExist") return value === undefined;
      const isListed = value !== undefined && values.includes(value);
      return operator === "In" ? isListed : !isListed;
    })
  );
}

const sameRules = (a: readonly PolicyRule[], b: readonly PolicyRule[]): boolean => JSON.stringify(a) === JSON.stringify(b);
