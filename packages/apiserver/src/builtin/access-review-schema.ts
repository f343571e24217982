import { s } from "../schema/builder.js";

const text = s.string().default("");

const requirement = s.object({ key: text, operator: text, values: s.array(s.string()).optional() });

const selector = s.object({ rawSelector: s.string().optional(), requirements: s.array(requirement).optional() }).optional();

/** What is asked about: exactly one of the two, which validation requires. */
export const askedFields = {
  resourceAttributes: s
    .object({
      ...{ namespace: text, verb: text, group: text, version: text, resource: text, subresource: text, name: text },
      fieldSelector: selector.describe("Narrows a list or a watch; roles do not look at it."),
      labelSelector: selector.describe("Narrows a list or a watch; roles do not look at it."),
    })
    .describe("A request for a resource.")
    .optional(),
  nonResourceAttributes: s.object({ path: text, verb: text }).describe("A request for any other path.").optional(),
} as const;

/** Whom is asked about. */
export const subjectFields = {
  user: s.string().optional(),
  groups: s.array(s.string()).optional(),
  uid: s.string().optional(),
  extra: s.map(s.array(s.string())).optional(),
} as const;

export const accessReviewStatus = s
  .object({
    allowed: s.boolean().default(false),
    denied: s.boolean().optional(),
    reason: s.string().optional(),
    evaluationError: s.string().optional(),
  })
  .optional();
