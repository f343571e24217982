import { json } from "@dataplane/apiserver";
import type { HttpResponse } from "@dataplane/meta";
import { pluginAdmission } from "../plugin-admission.js";
import { callMetadata } from "../plugin-headers.js";
import { admissionReviewAnswer, readAdmissionReview } from "./admission-review.js";
import { admissionReviewSchema } from "./review-schemas.js";
import type { Operation, PluginCall, PluginRoute, ServiceType } from "./service-type.js";

/** Checks and changes objects before they are stored: `pluginv2.AdmissionControl`, as a webhook of Kubernetes is asked. */
export const admission: ServiceType = {
  name: "admission",
  served: () => true,
  routes: () => [admissionRoute("mutate"), admissionRoute("validate")],
};

const admissionRoute = (step: "mutate" | "validate"): PluginRoute => ({
  methods: ["POST"],
  path: `admission/${step}`,
  handle: (call) => review(call, step),
  operations: { post: operations[step] },
});

async function review({ request, plugin, contexts, limits }: PluginCall, step: "mutate" | "validate"): Promise<HttpResponse> {
  const asked = await readAdmissionReview(request, limits.bodyBytes);
  const { callTimeoutMs } = limits;
  const hook = pluginAdmission({ plugin, contexts, callTimeoutMs, metadata: callMetadata(request, asked.attributes.namespace) });
  const verdict = await hook[step](asked.attributes, request.signal);
  return json(200, admissionReviewAnswer(asked, verdict));
}

const reviewContent = { "application/json": { schema: admissionReviewSchema } };

const operation = (operationId: string, description: string): Operation => ({
  operationId,
  description,
  requestBody: { required: true, content: reviewContent },
  responses: { "200": { description: "The review, with its response.", content: reviewContent } },
});

const operations = {
  mutate: operation("mutateAdmission", "Let the plugin change or refuse an object before it is stored."),
  validate: operation("validateAdmission", "Let the plugin refuse an object before it is stored."),
};
