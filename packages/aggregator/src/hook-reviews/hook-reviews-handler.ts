import { json } from "@dataplane/apiserver";
import { ApiError, controlPlaneUser, type Handler, type HttpRequest, type HttpResponse } from "@dataplane/meta";
import type { AppHooks } from "../app-hooks.js";
import type { ObjectHooks } from "../object-hooks.js";
import { admissionReviewAnswer, readAdmissionReview } from "../service-types/admission-review.js";
import { conversionReviewAnswer, readConversionReview } from "../service-types/conversion.js";
import { hookPaths, pluginParameter } from "./hook-paths.js";

export interface HookReviewsOptions {
  readonly objectHooks: ObjectHooks;
  readonly appHooks: AppHooks;
  readonly bodyLimitBytes: number;
  readonly delegate: Handler;
}

/**
 * Answers the API server of another process about objects: AdmissionReviews and ConversionReviews, of an app with `?plugin=`, else of the
 * DataPlaneService of the object's group and version. Forbidden to everyone but the control plane.
 */
export function hookReviewsHandler({ objectHooks, appHooks, bodyLimitBytes, delegate }: HookReviewsOptions): Handler {
  const admission = async (request: HttpRequest, step: "mutate" | "validate"): Promise<HttpResponse> => {
    const asked = await readAdmissionReview(request, bodyLimitBytes);
    const plugin = request.query.get(pluginParameter);
    const hook = plugin === null ? objectHooks.admission : appHooks.admission(plugin);
    return json(200, admissionReviewAnswer(asked, await hook[step](asked.attributes, request.signal)));
  };
  const conversion = async (request: HttpRequest): Promise<HttpResponse> => {
    const { uid, desired, objects } = await readConversionReview(request, bodyLimitBytes);
    const plugin = request.query.get(pluginParameter);
    const converter = plugin === null ? objectHooks.conversion(controlPlaneUser) : appHooks.conversion(plugin);
    return json(200, conversionReviewAnswer(uid, await converter.convert(objects, desired, request.signal)));
  };
  const handlers: Readonly<Record<string, Handler>> = {
    [hookPaths.mutate]: (request) => admission(request, "mutate"),
    [hookPaths.validate]: (request) => admission(request, "validate"),
    [hookPaths.convert]: conversion,
  };
  return async (request) => {
    const handler = Object.hasOwn(handlers, request.path) ? handlers[request.path] : undefined;
    if (handler === undefined) return delegate(request);
    if (request.context.user?.name !== controlPlaneUser.name) throw new ApiError("Forbidden", "only the API server asks about objects here");
    if (request.method !== "POST") throw new ApiError("MethodNotAllowed", "reviews are posted", { headers: { allow: "POST" } });
    return handler(request);
  };
}
