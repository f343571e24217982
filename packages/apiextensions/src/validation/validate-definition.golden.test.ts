import { readFileSync } from "node:fs";
import type { ApiObject, Cause } from "@dataplane/meta";
import { describe, expect, test } from "vitest";
import { customResourceDefinitions } from "../definition/definition-resource.js";

interface GoldenCase {
  readonly name: string;
  readonly object: ApiObject;
  readonly old?: ApiObject;
  readonly causes: readonly Cause[];
}

// Answers of kube-apiserver's own library: conformance/crd-validation/main.go makes them.
const golden = new URL("../../../../conformance/crd-validation/cases.golden.json", import.meta.url);
const cases = JSON.parse(readFileSync(golden, "utf8")) as readonly GoldenCase[];

const { prepare, validate } = customResourceDefinitions({ checkRules: () => [] });

/** Where this server tells something else, and why. */
const otherwise: ReadonlyMap<string, string> = new Map([
  ["webhook by http with all that a URL may not have", "who is named in the URL may be a secret: not printed"],
]);

describe.each(cases.filter(({ name }) => !otherwise.has(name)))("$name", ({ object, old, causes }) => {
  test("has the faults that kube-apiserver tells, at its paths and in its words", async () => {
    const before = old === undefined ? undefined : await prepared(old, old);
    const found = validate?.(await prepared(object, before), before) ?? [];
    expect(found.map(textOf).toSorted()).toEqual(
      causes
        .filter((it) => !isNameRule(it))
        .map(textOf)
        .toSorted(),
    );
  });
});

async function prepared(object: ApiObject, old: ApiObject | undefined): Promise<ApiObject> {
  const operation = old === undefined ? "create" : "update";
  const input = { operation, object, old, oldHidden: undefined, dryRun: false, request: "create", now: new Date(), user: undefined } as const;
  const made = await prepare?.(input);
  if (made === undefined) throw new Error("definitions are prepared");
  return made.object;
}

/** That a name is a DNS name is checked of every object, and not by its definition. */
const isNameRule = ({ field, message }: Cause): boolean => field === "metadata.name" && message.includes("RFC 1123");

/** Values are left out where Kubernetes prints its own Go types. */
function textOf({ field, reason, message }: Cause): string {
  const isPrinted = !/^Invalid value: (?:\{|\[|null)/.test(message);
  return `${field} ${reason} ${isPrinted ? message : (message.split(/(?<=[}\]…]|null): /).at(-1) ?? "")}`;
}
