import { type ApiObject, type Cause, invalid, isJsonObject, type JsonObject, type RequestInfo, type UserInfo } from "@dataplane/meta";
import type { Authorizer } from "../authz/authorizer.js";
import { plainText } from "../plain-text.js";
import type { ResourceDefinition } from "../resource.js";
import { s } from "../schema/builder.js";
import { invalidValue, required } from "../schema/field-errors.js";
import { objectSchema } from "../schema/object-schema.js";
import { accessReviewStatus, askedFields, subjectFields } from "./access-review-schema.js";

const group = "authorization.k8s.io";
const common = { group, version: "v1", verbs: ["create"] } as const;

/** May I, may they, may they in this namespace: SelfSubjectAccessReview, SubjectAccessReview, LocalSubjectAccessReview of authorization.k8s.io/v1. */
export const accessReviews = (authorizer: Authorizer): readonly ResourceDefinition[] => [
  {
    ...common,
    kind: "SelfSubjectAccessReview",
    plural: "selfsubjectaccessreviews",
    scope: "cluster",
    description: "Whether the one who asks may do something.",
    schema: objectSchema({ spec: s.object(askedFields), status: accessReviewStatus }).json,
    review: async ({ object, user }) => {
      requireValid("SelfSubjectAccessReview", [...askedCauses(object), ...metadataCauses(object)]);
      return answered(object, authorizer, user);
    },
  },
  {
    ...common,
    kind: "SubjectAccessReview",
    plural: "subjectaccessreviews",
    scope: "cluster",
    description: "Whether somebody may do something.",
    schema: objectSchema({ spec: s.object({ ...askedFields, ...subjectFields }), status: accessReviewStatus }).json,
    review: async ({ object }) => {
      requireValid("SubjectAccessReview", [...askedCauses(object), ...subjectCauses(object), ...metadataCauses(object)]);
      return answered(object, authorizer, subjectOf(object));
    },
  },
  {
    ...common,
    kind: "LocalSubjectAccessReview",
    plural: "localsubjectaccessreviews",
    scope: "namespaced",
    description: "Whether somebody may do something in this namespace.",
    schema: objectSchema({ spec: s.object({ ...askedFields, ...subjectFields }), status: accessReviewStatus }).json,
    review: async ({ object }) => {
      requireValid("LocalSubjectAccessReview", [...askedCauses(object), ...subjectCauses(object), ...localCauses(object)]);
      return answered(object, authorizer, subjectOf(object));
    },
  },
];

async function answered(object: ApiObject, authorizer: Authorizer, user: UserInfo): Promise<ApiObject> {
  const { allowed, reason } = await authorizer.authorize(user, askedIn(object));
  return { ...object, status: { allowed, ...(reason === "" ? {} : { reason }) } };
}

function requireValid(kind: string, causes: readonly Cause[]): void {
  if (causes.length > 0) throw invalid(kind, group, "", causes);
}

const specOf = ({ spec }: ApiObject): JsonObject => (isJsonObject(spec) ? spec : {});

function askedCauses(object: ApiObject): readonly Cause[] {
  const { resourceAttributes: resource, nonResourceAttributes: path } = specOf(object);
  if (isJsonObject(resource) === isJsonObject(path))
    return [invalidValue("spec", path ?? null, "exactly one of nonResourceAttributes or resourceAttributes must be specified")];
  return isJsonObject(resource) ? ["fieldSelector", "labelSelector"].flatMap((field) => selectorCauses(resource, field)) : [];
}

function selectorCauses(resource: JsonObject, field: string): readonly Cause[] {
  const selector = Object.hasOwn(resource, field) ? resource[field] : undefined;
  if (!isJsonObject(selector)) return [];
  const at = `spec.resourceAttributes.${field}`;
  const raw = textIn(selector, "rawSelector");
  const { requirements } = selector;
  const hasRequirements = Array.isArray(requirements) && requirements.length > 0;
  if (raw !== "" && hasRequirements) return [invalidValue(`${at}.rawSelector`, raw, "may not specified at the same time as requirements")];
  if (raw !== "" || hasRequirements) return [];
  return [{ ...required(`${at}.requirements`), message: `Required value: when ${at} is specified, requirements or rawSelector is required` }];
}

function subjectCauses(object: ApiObject): readonly Cause[] {
  const spec = specOf(object);
  const { groups } = spec;
  const hasSubject = textIn(spec, "user") !== "" || (Array.isArray(groups) && groups.length > 0);
  return hasSubject ? [] : [invalidValue("spec.user", "", "at least one of user or group must be specified")];
}

/** Such an object is a question: it has no name, and nothing else that objects have. */
const metadataCauses = ({ metadata }: ApiObject, words = "must be empty", allowed: readonly string[] = []): readonly Cause[] =>
  Object.entries(metadata).some(([key, value]) => value !== "" && value !== null && key !== "managedFields" && !allowed.includes(key))
    ? [invalidValue("metadata", { name: metadata.name }, words)]
    : [];

function localCauses(object: ApiObject): readonly Cause[] {
  const { resourceAttributes: resource, nonResourceAttributes: path } = specOf(object);
  const asked = isJsonObject(resource) ? textIn(resource, "namespace") : undefined;
  return [
    ...metadataCauses(object, "must be empty except for namespace", ["namespace"]),
    ...(asked === undefined || asked === object.metadata.namespace
      ? []
      : [invalidValue("spec.resourceAttributes.namespace", asked, "must match metadata.namespace")]),
    ...(isJsonObject(path) ? [invalidValue("spec.nonResourceAttributes", path, "disallowed on this kind of request")] : []),
  ];
}

function subjectOf(object: ApiObject): UserInfo {
  const spec = specOf(object);
  const uid = textIn(spec, "uid");
  const { groups } = spec;
  return { name: textIn(spec, "user"), ...(uid === "" ? {} : { uid }), groups: Array.isArray(groups) ? groups.map(plainText) : [] };
}

/** The request that a review means; it has been found to mean exactly one. */
function askedIn(object: ApiObject): RequestInfo {
  const { resourceAttributes: resource, nonResourceAttributes: path } = specOf(object);
  const asked = isJsonObject(resource) ? resource : isJsonObject(path) ? path : {};
  const field = (name: string): string => textIn(asked, name);
  const [namespace, itsGroup, version] = [field("namespace"), field("group"), field("version")];
  return {
    isResourceRequest: isJsonObject(resource),
    path: field("path"),
    verb: field("verb"),
    ...{ group: itsGroup, version, namespace },
    resource: field("resource"),
    name: field("name"),
    subresource: field("subresource"),
    segments: [],
  };
}

function textIn(value: JsonObject, name: string): string {
  const found = Object.hasOwn(value, name) ? value[name] : "";
  return typeof found === "string" ? found : "";
}
