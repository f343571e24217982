import { type GroupVersionKind, type JsonObject, type JsonValue } from "@dataplane/meta";
import { type AdmissionAttributes, type AdmissionHook, type AdmissionVerdict, denialError } from "../admission/admission-hook.js";
import { isNamespaces } from "../admission/webhooks/rule-match.js";
import { type VerbCall, warn } from "./verb-call.js";

/** What is about to happen, beside what the request says of itself. */
export interface HookedWrite extends Pick<AdmissionAttributes, "operation" | "object" | "oldObject" | "dryRun"> {
  /** The resource's own unless told: a subresource may have another. */
  readonly kind?: GroupVersionKind;
  /** That of the request unless told: a new object may have been given one. */
  readonly name?: string;
  readonly options: JsonObject;
}

/** Those who have a say in a write, in their order. */
export type Hooks = readonly AdmissionHook[];

const nobody: Hooks = [];

/** Asked before anything is made for hooks: most writes concern none, and then nothing of this costs anything. */
export function hooksOf({ services: { admission }, resource, info }: VerbCall, write: Pick<HookedWrite, "operation" | "kind">): Hooks {
  if (admission.length === 0) return nobody;
  const { group, version, plural, kind: itsKind } = resource.definition;
  const { operation, kind = { group, version, kind: itsKind } } = write;
  const concern = { operation, kind, resource: { group, version, resource: plural }, subresource: info.subresource };
  const concerned = admission.filter((hook) => hook.concerns?.(concern) !== false);
  return concerned.length === 0 ? nobody : concerned;
}

/** The object as all hooks together want it. Throws the first refusal. */
export async function mutatedByHooks(call: VerbCall, hooks: Hooks, write: HookedWrite): Promise<JsonObject | undefined> {
  let attributes = attributesOf(call, write);
  for (const hook of hooks) {
    const verdict = await hook.mutate(attributes, call.request.signal);
    requireAllowed(call, verdict);
    attributes = { ...attributes, object: verdict.object };
  }
  return attributes.object;
}

/** Throws the first refusal. */
export async function requireAllowedByHooks(call: VerbCall, hooks: Hooks, write: HookedWrite): Promise<void> {
  const attributes = attributesOf(call, write);
  for (const hook of hooks) requireAllowed(call, await hook.validate(attributes, call.request.signal));
}

function requireAllowed(call: VerbCall, { warnings, denial }: AdmissionVerdict): void {
  warn(call, warnings);
  if (denial !== undefined) throw denialError(denial.by ?? "hook", denial);
}

function attributesOf({ request, info, resource }: VerbCall, { kind, name = info.name, ...write }: HookedWrite): AdmissionAttributes {
  const { user } = request.context;
  if (user === undefined) throw new Error("the request has not passed the filters");
  const { group, version, plural, kind: itsKind } = resource.definition;
  const itsResource = { group, version, resource: plural };
  return {
    ...write,
    kind: kind ?? { group, version, kind: itsKind },
    resource: itsResource,
    subresource: info.subresource,
    name,
    namespace: isNamespaces(itsResource) ? name : info.namespace,
    user,
  };
}

/** CreateOptions or UpdateOptions as the query has them; a patch is an update, or a creation, to those who are asked. */
export function optionsOfWrite({ request: { query } }: VerbCall, kind: "CreateOptions" | "UpdateOptions"): JsonObject {
  const text = (key: string): Record<string, JsonValue> => {
    const value = query.get(key) ?? "";
    return value === "" ? {} : { [key]: value };
  };
  const dryRun = query.getAll("dryRun").filter((it) => it !== "");
  return {
    kind,
    apiVersion: "meta.k8s.io/v1",
    ...(dryRun.length === 0 ? {} : { dryRun }),
    ...text("fieldManager"),
    ...text("fieldValidation"),
  };
}
