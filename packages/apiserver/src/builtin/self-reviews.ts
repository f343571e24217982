import { badRequest, isJsonObject, type JsonObject, type UserInfo } from "@dataplane/meta";
import type { Authorizer, Rules } from "../authz/authorizer.js";
import type { ResourceRegistry } from "../registry.js";
import type { ResourceDefinition } from "../resource.js";
import { s } from "../schema/builder.js";
import { objectSchema } from "../schema/object-schema.js";
import { accessReviews } from "./access-reviews.js";

/** Who one is and what one, or somebody else, may, as `kubectl auth whoami` and `kubectl auth can-i` ask: answered, never stored. */
export function addSelfReviews(registry: ResourceRegistry, authorizer: Authorizer): void {
  registry.add(selfSubjectReviews);
  for (const definition of accessReviews(authorizer)) registry.add(definition);
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
  review: ({ object, user }) => ({ ...object, status: { userInfo: userInfoOf(user) } }),
};

/** `UserInfo` of authentication.k8s.io/v1. */
export const userInfoOf = ({ name, uid, groups, extra }: UserInfo): JsonObject => ({
  username: name,
  ...(uid === undefined ? {} : { uid }),
  groups,
  ...(extra === undefined ? {} : { extra }),
});

const rulesReviews = (authorizer: Authorizer): ResourceDefinition => ({
  ...answered,
  group: "authorization.k8s.io",
  kind: "SelfSubjectRulesReview",
  plural: "selfsubjectrulesreviews",
  description: "All that the one who asks may do in a namespace.",
  schema: objectSchema({ spec: s.object({ namespace: s.string().default("") }), status: s.anyObject().optional() }).json,
  review: ({ object, user }) => {
    const { spec } = object;
    const namespace = isJsonObject(spec) ? spec["namespace"] : "";
    if (typeof namespace !== "string" || namespace === "") throw badRequest("no namespace on request");
    return { ...object, status: rulesStatus(authorizer.rules?.(user, namespace)) };
  },
});

const rulesStatus = (rules: Rules | undefined): JsonObject => ({
  resourceRules: (rules?.resources ?? []).map(({ verbs, groups, resources, names }) => ({
    verbs,
    apiGroups: groups,
    resources,
    ...(names === undefined ? {} : { resourceNames: names }),
  })),
  nonResourceRules: (rules?.paths ?? []).map(({ verbs, paths }) => ({ verbs, nonResourceURLs: paths })),
  incomplete: rules === undefined || rules.incomplete === true,
});
