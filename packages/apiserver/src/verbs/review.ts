import { type HttpResponse, invalid, isJsonObject } from "@dataplane/meta";
import { readObjectBody, requireJsonObject } from "../read-body.js";
import type { ResourceDefinition } from "../resource.js";
import { applyDefaults } from "../schema/apply-defaults.js";
import { wholeObjectSchema } from "../schema/object-meta-schema.js";
import { prune } from "../schema/prune.js";
import { validateSchema } from "../schema/validate-schema.js";
import { answerValue } from "./answer.js";
import { withIdentity } from "./identity.js";
import { reportFields } from "./report-fields.js";
import { apiObjectOf, type VerbCall } from "./verb-call.js";
import { writeOptions } from "./write-options.js";

/** POST of a question: it is answered, and nothing is stored. Such objects need no name. */
export async function review(call: VerbCall, answer: NonNullable<ResourceDefinition["review"]>): Promise<HttpResponse> {
  const { request, resource, services } = call;
  const options = writeOptions(call);
  const { value, duplicates } = await readObjectBody(request, services.bodyLimitBytes);
  const { definition } = resource;
  const schema = wholeObjectSchema(definition.schema);
  const identified = withIdentity(call, requireJsonObject(value));
  const { value: pruned, unknown } = prune(schema, identified);
  reportFields(call, options, { body: identified, unknown, duplicates });
  const object = requireJsonObject(applyDefaults(schema, pruned));
  const causes = validateSchema(schema, object);
  if (causes.length > 0) throw invalid(definition.kind, definition.group, "", causes);
  const { user } = request.context;
  if (user === undefined) throw new Error("the request has not passed the filters");
  const { metadata } = object;
  const named = apiObjectOf({ ...object, metadata: { name: "", ...(isJsonObject(metadata) ? metadata : {}) } });
  return answerValue(call, await answer({ object: named, user }), 201);
}
