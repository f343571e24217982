import { type ApiObject, invalid, isJsonObject, type JsonObject, type RequestInfo, type UserInfo } from "@dataplane/meta";
import type { Authorizer } from "../authz/authorizer.js";
import type { ResourceRegistry } from "../registry.js";
import type { ResourceDefinition } from "../resource.js";
import { s } from "../schema/builder.js";
import { objectSchema } from "../schema/object-schema.js";

/** Who one is and what one may, as `kubectl auth whoami` and `kubectl auth can-i` ask: answered from the authorizer, never stored. */
export function addSelfReviews(registry: ResourceRegistry, authorizer: Authorizer): void {
  registry.add(selfSubjectReviews);
  registry.add(accessReviews(authorizer));
  registry.add(rulesReviews(authorizer));
}

const answered = { version: "v1", scope: "cluster", verbs: ["create"] } as const;

const selfSubjectReviews: ResourceDefinition = {
  ...answered,
  group: "authentication.k8s.io",
  kind: "SelfSubjectReview",
  plural: "selfsubjectreviews",
  description: "Who asks, as this server knows them.",
  schema: objectSchema({ status: s.object({ userInfo: s.anyObject().optional() }).optional() }).json,
  review: ({ object, user: { name, uid, groups, extra = {} } }) => ({
    ...object,
    status: { userInfo: { username: name, ...(uid === undefined ? {} : { uid }), groups, extra } },
  }),
};

const text = s.string().default("");

const accessReviews = (authorizer: Authorizer): ResourceDefinition => ({
  ...answered,
  group: "authorization.k8s.io",
  kind: "SelfSubjectAccessReview",
  plural: "selfsubjectaccessreviews",
  description: "Whether the one who asks may do something.",
  schema: accessReviewSchema.json,
  review: async ({ object, user }) => {
    const { allowed, reason } = await authorizer.authorize(user, asked(object));
    return { ...object, status: { allowed, ...(reason === "" ? {} : { reason }) } };
  },
});

const accessReviewSchema = objectSchema({
  spec: s.object({
    resourceAttributes: s
      .object({ namespace: text, verb: text, group: text, version: text, resource: text, subresource: text, name: text })
      .describe("A request for a resource.")
      .optional(),
    nonResourceAttributes: s.object({ path: text, verb: text }).describe("A request for any other path.").optional(),
  }),
  status: s
    .object({ allowed: s.boolean(), denied: s.boolean().optional(), reason: s.string().optional(), evaluationError: s.string().optional() })
    .optional(),
});

/** The request that a review means. Throws Invalid unless it means exactly one. */
function asked({ spec, metadata }: ApiObject): RequestInfo {
  const { resourceAttributes: resource, nonResourceAttributes: path } = isJsonObject(spec) ? spec : {};
  if (isJsonObject(resource) === isJsonObject(path)) {
    const message = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    throw invalid("SelfSubjectAccessReview", "authorization.k8s.io", metadata.name, [{ reason: "FieldValueInvalid", message, field: "spec" }]);
  }
  const field = (name: string): string => textIn(isJsonObject(resource) ? resource : isJsonObject(path) ? path : {}, name);
  const [namespace, group, version] = [field("namespace"), field("group"), field("version")];
  return {
    isResourceRequest: isJsonObject(resource),
    path: field("path"),
    verb: field("verb"),
    group,
    version,
    namespace,
    resource: field("resource"),
    name: field("name"),
    subresource: field("subresource"),
    segments: [],
  };
}

const textIn = (value: JsonObject, name: string): string => {
  const found = Object.hasOwn(value, name) ? value[name] : "";
  return typeof found === "string" ? found : "";
};

const rulesReviews = (authorizer: Authorizer): ResourceDefinition => ({
  ...answered,
  group: "authorization.k8s.io",
  kind: "SelfSubjectRulesReview",
  plural: "selfsubjectrulesreviews",
  description: "All that the one who asks may do in a namespace.",
  schema: objectSchema({ spec: s.object({ namespace: text }), status: s.anyObject().optional() }).json,
  review: ({ object, user }) => ({ ...object, status: rulesOf(authorizer, user) }),
});

function rulesOf(authorizer: Authorizer, user: UserInfo): JsonObject {
  const rules = authorizer.rules?.(user);
  if (rules === undefined) return { resourceRules: [], nonResourceRules: [], incomplete: true };
  return {
    resourceRules: rules.resources.map(({ verbs, groups, resources }) => ({ verbs, apiGroups: groups, resources })),
    nonResourceRules: rules.paths.map(({ verbs, paths }) => ({ verbs, nonResourceURLs: paths })),
    incomplete: false,
  };
}
