import { randomUUID } from "node:crypto";
import type { Converter } from "@dataplane/apiserver";
import { apiVersionOf, isJsonObject, type UserInfo } from "@dataplane/meta";
import { brokenHook } from "../admission-answer.js";
import { batchedConverter } from "../conversion-batches.js";
import { type BackendLink, backendName } from "./ask-backend.js";
import { askReview } from "./ask-review.js";

/**
 * A backend's conversion of objects, for `user`: it is posted the ConversionReview that clients may post to `convert`. Throws ApiError when
 * it could not be asked, BadGateway for an answer that is none.
 */
export function backendConversion(link: BackendLink, user: UserInfo): Converter {
  const who = backendName(link.service);
  return batchedConverter({
    who,
    begin:
      ({ desired, signal }) =>
      async (batch) => {
        const request = { uid: randomUUID(), desiredAPIVersion: apiVersionOf(desired), objects: batch.map(({ object }) => object) };
        const review = { path: "convert", apiVersion: "apiextensions.k8s.io/v1", kind: "ConversionReview", request };
        const { result, convertedObjects } = await askReview(link, { user, signal }, review);
        if (!isJsonObject(result)) throw brokenHook(who, "answered a conversion without its result");
        const { status, message } = result;
        if (status !== "Success") return { refusal: typeof message === "string" ? message : "" };
        const objects: readonly unknown[] = Array.isArray(convertedObjects) ? convertedObjects : [];
        return { objects: objects.map((object) => (isJsonObject(object) ? object : undefined)) };
      },
  });
}
