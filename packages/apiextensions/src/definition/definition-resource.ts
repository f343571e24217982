import { type CheckRules, defineResource, type PrepareInput, type ResourceDefinition } from "@dataplane/apiserver";
import { type ApiObject, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { terminationPending } from "../status/termination.js";
import { validateDefinition } from "../validation/validate-definition.js";
import { cleanupFinalizer, definitionFrom, definitionsRef } from "./custom-resource-definition.js";
import { definitionSchema } from "./definition-schema.js";
import { definitionWarnings } from "./definition-warnings.js";

export interface DefinitionResourceOptions {
  /** Compiles the rules in CEL that schemas hold. */
  readonly checkRules: CheckRules;
}

/** CustomResourceDefinition of apiextensions.k8s.io/v1: declares a kind while the server runs. */
export const customResourceDefinitions = ({ checkRules }: DefinitionResourceOptions): ResourceDefinition =>
  defineResource<ApiObject>({
    group: definitionsRef.group,
    version: definitionsRef.version,
    kind: "CustomResourceDefinition",
    plural: definitionsRef.resource,
    shortNames: ["crd", "crds"],
    categories: ["api-extensions"],
    scope: "cluster",
    description: "CustomResourceDefinition declares a kind. Its name is <.spec.names.plural>.<.spec.group>.",
    strategicMerge: true,
    zero: { spec: { names: {} } },
    hasStatus: true,
    schema: definitionSchema,
    ageColumn: false,
    // A time and no age, as kubectl has always shown it.
    columns: [{ name: "Created At", description: "When the definition was made.", value: ({ metadata }) => metadata.creationTimestamp }],
    // A controller removes its objects, and lets go of it by its finalizer.
    finalization: { mark: markedAsTerminating, isHeld: () => false },
    prepare: (input) => ({ object: prepared(input) }),
    validate: (object, old) =>
      validateDefinition({ definition: definitionFrom(object), old: old === undefined ? undefined : definitionFrom(old), checkRules }),
    warn: (object) => definitionWarnings(definitionFrom(object)),
  });

/** What a delete makes of a definition: held until its objects are gone, which it tells. */
function markedAsTerminating(object: ApiObject): ApiObject {
  const { metadata } = object;
  const status = objectOf(object["status"]);
  const others = listOf(status["conditions"]).filter((it) => !isJsonObject(it) || it["type"] !== "Terminating");
  const finalizers = metadata.finalizers ?? [];
  const condition = { ...terminationPending, lastTransitionTime: metadata.deletionTimestamp ?? null };
  return {
    ...object,
    metadata: { ...metadata, finalizers: finalizers.includes(cleanupFinalizer) ? finalizers : [...finalizers, cleanupFinalizer] },
    status: { ...status, conditions: [...others, condition] },
  };
}

/** Kubernetes' defaults, what a Go program would read where nothing is written, and what the server itself keeps. */
function prepared({ object, old }: PrepareInput<ApiObject>): ApiObject {
  const spec = withDefaults(objectOf(object["spec"]));
  const status = objectOf(old === undefined ? {} : object["status"]);
  return {
    ...object,
    spec,
    status: {
      conditions: [],
      acceptedNames: { plural: "", kind: "" },
      ...status,
      storedVersions: storedVersions(listOf(status["storedVersions"]), listOf(spec["versions"])),
    },
  };
}

function withDefaults(spec: JsonObject): JsonObject {
  const names = objectOf(spec["names"]);
  const { kind = "", plural = "" } = names;
  const kindText = typeof kind === "string" ? kind : "";
  const conversion = spec["conversion"];
  return {
    group: "",
    scope: "",
    ...spec,
    names: {
      ...names,
      plural,
      kind,
      singular: filled(names["singular"], kindText.toLowerCase()),
      ...(kindText === "" ? {} : { listKind: filled(names["listKind"], `${kindText}List`) }),
    },
    versions: listOf(spec["versions"]).map((version) => (isJsonObject(version) ? { name: "", served: false, storage: false, ...version } : version)),
    conversion: isJsonObject(conversion) ? withReviewVersions(conversion) : { strategy: "None" },
  };
}

/** Fields that a Go program always writes are there, so that validation tells what is wrong with them, and not that they are absent. */
function withReviewVersions(conversion: JsonObject): JsonObject {
  const { webhook } = conversion;
  const filledIn = { strategy: "", ...conversion };
  if (!isJsonObject(webhook)) return filledIn;
  const { clientConfig } = webhook;
  const service = isJsonObject(clientConfig) && isJsonObject(clientConfig["service"]) ? clientConfig["service"] : undefined;
  const config = service === undefined ? {} : { clientConfig: { ...objectOf(clientConfig), service: { namespace: "", name: "", ...service } } };
  return { ...filledIn, webhook: { conversionReviewVersions: [], ...webhook, ...config } };
}

const filled = (value: JsonValue | undefined, otherwise: string): JsonValue => (value === undefined || value === "" ? otherwise : value);

function storedVersions(stored: readonly JsonValue[], versions: readonly JsonValue[]): readonly JsonValue[] {
  const storage = versions.filter(isJsonObject).find((version) => version["storage"] === true)?.["name"];
  return storage === undefined || stored.includes(storage) ? stored : [...stored, storage];
}

// What is of another type is told by validation.
const objectOf = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});
const listOf = (value: unknown): readonly JsonValue[] => (Array.isArray(value) ? (value as readonly JsonValue[]) : []);
