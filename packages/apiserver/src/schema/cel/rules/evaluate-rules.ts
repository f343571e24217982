import { performance } from "node:perf_hooks";
import { type Cause, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { Correlation } from "../../correlation.js";
import { childPath, itemPath } from "../../field-path.js";
import type { StructuralSchema } from "../../structural-schema.js";
import { longestPerWrite, mostPerWrite } from "../cost/budget.js";
import { isEmbedded } from "../types/schema-type.js";
import type { EvaluateRules } from "../validation-rules.js";
import { compiledRules, hasRules } from "./compiled-rules.js";
import { type Allowance, runRule, type Subject } from "./run-rule.js";

export const evaluateRules: EvaluateRules = (schema, object, old) => {
  if (!hasRules(schema)) return [];
  const now = performance.now.bind(performance);
  const walk = new Walk({ cost: mostPerWrite, deadline: now() + longestPerWrite, now });
  const correlation = old === undefined ? undefined : new Correlation(object, old);
  walk.visit({ rules: schema, node: schema, isObjectRoot: true, path: "", value: object, old: old ?? undefined, correlation, parent: undefined });
  return walk.causes;
};

interface Place {
  /** Whose rules are asked: `node`, or one of its allOf. */
  readonly rules: StructuralSchema;
  readonly node: StructuralSchema;
  readonly isObjectRoot: boolean;
  readonly path: string;
  readonly value: JsonValue;
  readonly old: JsonValue | undefined;
  readonly correlation: Correlation | undefined;
  /** The nearest place above that can be compared. */
  readonly parent: Correlation | undefined;
}

/** More are not told. */
const mostCauses = 100;

class Walk {
  readonly causes: Cause[] = [];
  readonly #allowance: Allowance;
  #isOver = false;

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
  }

  visit(place: Place): void {
    const { rules, value, correlation, parent } = place;
    if (this.#isOver || value === null || !hasRules(rules)) return;
    this.#run(place);
    for (const part of rules.allOf ?? []) this.visit({ ...place, rules: part, correlation: undefined, parent });
    const above = correlation ?? parent;
    if (Array.isArray(value)) this.#visitItems(place, value as readonly JsonValue[], above);
    else if (isJsonObject(value)) this.#visitFields(place, value, above);
  }

  #run({ rules, node, isObjectRoot, path, value, old, correlation, parent }: Place): void {
    const isUnchanged = (): boolean => (correlation ?? parent)?.isUnchanged ?? false;
    const subject: Subject = { schema: node, isObjectRoot, path, value, old, isUnchanged };
    for (const compiled of compiledRules(rules, node, isObjectRoot).rules) {
      if (this.#isOver) return;
      const said = runRule(compiled, subject, this.#allowance);
      if ("exhausted" in said) this.causes.push(said.exhausted);
      else this.causes.push(...said);
      this.#isOver = "exhausted" in said || this.causes.length >= mostCauses;
    }
  }

  #visitItems({ rules, node, path, old, correlation }: Place, value: readonly JsonValue[], above: Correlation | undefined): void {
    const [rulesOfItems, items] = [rules.items, node.items];
    if (rulesOfItems === undefined || items === undefined || !hasRules(rulesOfItems)) return;
    const counterparts = correlation ?? new Correlation(value, old ?? null);
    for (const [index, item] of value.entries()) {
      const counterpart = counterparts.item(node, item);
      this.visit({
        rules: rulesOfItems,
        node: items,
        isObjectRoot: isEmbedded(items),
        path: itemPath(path, index),
        value: item,
        old: counterpart?.old,
        correlation: correlation === undefined ? undefined : counterpart,
        parent: above,
      });
    }
  }

  #visitFields({ rules, node, path, old, correlation }: Place, value: JsonObject, above: Correlation | undefined): void {
    for (const [key, field] of Object.entries(value)) {
      const isNamed = rules.properties !== undefined && Object.hasOwn(rules.properties, key);
      const rulesOfField = isNamed ? rules.properties[key] : schemaOf(rules.additionalProperties);
      const schema =
        node.properties !== undefined && Object.hasOwn(node.properties, key) ? node.properties[key] : schemaOf(node.additionalProperties);
      if (rulesOfField === undefined || schema === undefined) continue;
      this.visit({
        rules: rulesOfField,
        node: schema,
        isObjectRoot: isEmbedded(schema),
        path: isNamed ? childPath(path, key) : itemPath(path, key),
        value: field,
        old: isJsonObject(old) && Object.hasOwn(old, key) ? old[key] : undefined,
        correlation: correlation?.field(key),
        parent: above,
      });
    }
  }
}

const schemaOf = (additional: StructuralSchema["additionalProperties"]): StructuralSchema | undefined =>
  typeof additional === "object" ? additional : undefined;
