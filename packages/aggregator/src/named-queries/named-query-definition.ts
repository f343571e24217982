import { isDeepStrictEqual } from "node:util";
import { type Authorizer, type PrepareInput, type ResourceDefinition, type StructuralSchema } from "@dataplane/apiserver";
import { ApiError, type ApiObject } from "@dataplane/meta";
import { ownGroupOf } from "@dataplane/plugin-host";
import { decideOnDataSource } from "../data-source-rights.js";
import { queryServiceGroupVersion } from "../query-service/query-service.js";
import { escapes } from "./escapes.js";
import { namedQueryFrom, parameterTypes } from "./named-query.js";
import { namedQueryCauses, unusedParameters } from "./named-query-validation.js";

const text = (description: string, rest: Partial<StructuralSchema> = {}): StructuralSchema => ({ type: "string", description, ...rest });
const texts = (description: string): StructuralSchema => ({ type: "array", description, items: { type: "string" } });
const number = (description: string): StructuralSchema => ({ type: "number", description });
const any = (description: string): StructuralSchema => ({ description, "x-kubernetes-preserve-unknown-fields": true });

const parameter: StructuralSchema = {
  type: "object",
  description: "One hole in the queries, and what may go into it.",
  required: ["name", "type"],
  properties: {
    name: text("How a run, and the queries, name it.", { pattern: "^[A-Za-z_][A-Za-z0-9_]{0,62}$" }),
    type: text("A time is epoch milliseconds, RFC 3339, or relative; a duration is such as 5m.", { enum: [...parameterTypes] }),
    description: text("For people."),
    default: any("Taken where a run gives no value."),
    required: { type: "boolean", description: "A run must give a value, if there is no default." },
    enum: { ...texts("The texts that are allowed."), minItems: 1 },
    pattern: text("A regular expression in RE2's syntax that the whole text must match.", { maxLength: 512 }),
    minimum: number("Of a number."),
    maximum: number("Of a number."),
    maxLength: { type: "integer", description: "Of a text; 1024 unless told.", minimum: 0, maximum: 65_536 },
    escape: text("How a text is written inside another one.", { enum: [...escapes] }),
  },
};

const spec: StructuralSchema = {
  type: "object",
  description: "Which queries of which data source, what of them is open, and who may run them.",
  required: ["datasource", "queries"],
  properties: {
    title: text("Name for people."),
    datasource: {
      type: "object",
      description: "The data source that is asked, in the namespace of the query.",
      required: ["type", "uid"],
      properties: { type: text("Id of its plugin.", { minLength: 1 }), uid: text("Its uid.", { minLength: 1 }) },
    },
    queries: {
      type: "array",
      description: 'As they would be posted. {"$param": "name"} becomes a value, ${param.name} inside a text its escaped text.',
      minItems: 1,
      maxItems: 100,
      items: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    },
    parameters: {
      type: "array",
      description: "What a run may give.",
      maxItems: 100,
      items: parameter,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
    },
    from: { description: "Begin of the time range where a run gives none; now-6h unless told.", "x-kubernetes-int-or-string": true },
    to: { description: "End of the time range where a run gives none; now unless told.", "x-kubernetes-int-or-string": true },
    allow: {
      type: "object",
      description: "Who may run it; everyone whom the authorizer lets when absent. Whoever may update it may run it.",
      properties: { users: texts("Names of users."), groups: texts("Groups of users.") },
    },
  },
};

/**
 * Named queries. Whoever writes one must be allowed to query its data source; whoever runs it need not be, which is what they are for.
 */
export const namedQueries = ({ authorizer }: { readonly authorizer: Authorizer }): ResourceDefinition => ({
  ...queryServiceGroupVersion,
  kind: "Query",
  plural: "queries",
  scope: "namespaced",
  description: "Query is a query of a data source with a name and typed parameters, run by those who are let.",
  schema: { type: "object", required: ["spec"], properties: { spec } },
  columns: [
    { name: "Data source", value: (object) => namedQueryFrom(object).datasource.uid },
    { name: "Plugin", value: (object) => namedQueryFrom(object).datasource.type },
    {
      name: "Parameters",
      value: (object) =>
        namedQueryFrom(object)
          .parameters.map(({ name }) => name)
          .join(","),
    },
    { name: "Age", type: "date", value: ({ metadata }) => metadata.creationTimestamp },
  ],
  async prepare(input) {
    if (asksAnew(input)) await requireMayQuery(authorizer, input);
    return { object: input.object };
  },
  validate: (object) => namedQueryCauses(namedQueryFrom(object), new Date()),
  warn: (object) => unusedParameters(namedQueryFrom(object)),
});

/** Who only changes a label, or who may run it, asks nothing of the data source. */
function asksAnew({ object, old }: PrepareInput<ApiObject>): boolean {
  if (old === undefined) return true;
  const [next, before] = [namedQueryFrom(object), namedQueryFrom(old)];
  return (["datasource", "queries", "parameters"] as const).some((field) => !isDeepStrictEqual(next[field], before[field]));
}

async function requireMayQuery(authorizer: Authorizer, { object, user }: PrepareInput<ApiObject>): Promise<void> {
  const { datasource } = namedQueryFrom(object);
  const { namespace = "" } = object.metadata;
  if (user === undefined || ownGroupOf(datasource.type) === undefined) throw forbidden(object, "the plugin has no group of its own");
  const asked = { pluginId: datasource.type, namespace, uid: datasource.uid, verb: "create", subresource: "query" };
  const { allowed } = await decideOnDataSource(user, authorizer, asked);
  if (!allowed) throw forbidden(object, `User ${JSON.stringify(user.name)} may not query the data source ${JSON.stringify(datasource.uid)}`);
}

const forbidden = ({ metadata: { name } }: ApiObject, why: string): ApiError =>
  new ApiError("Forbidden", `queries.${queryServiceGroupVersion.group} ${JSON.stringify(name)} is forbidden: ${why}`, {
    details: { name, group: queryServiceGroupVersion.group, kind: "queries" },
  });
