import type { AdmissionHook } from "@dataplane/apiserver";
import { admissionByReview } from "../hook-reviews/admission-by-review.js";
import { type BackendLink, backendName } from "./ask-backend.js";
import { askReview } from "./ask-review.js";

/**
 * A backend's say in writes: it is posted the AdmissionReview that clients may post to `admission/mutate` and `admission/validate`. Throws
 * ApiError when it could not be asked, BadGateway for an answer that breaks the rules.
 */
export const backendAdmission = (link: BackendLink): AdmissionHook =>
  admissionByReview({
    who: backendName(link.service),
    ask: (step, request, caller) =>
      askReview(link, caller, { path: `admission/${step}`, apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request }),
  });
