import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";

const known = ["v1", "v1beta1"] as const;
export type ReviewVersion = (typeof known)[number];

/** The first version that both sides speak. */
export function reviewVersionOf(accepted: readonly string[]): ReviewVersion | undefined {
  return accepted.map((version) => known.find((it) => it === version)).find((version) => version !== undefined);
}

const group = "apiextensions.k8s.io";

/** A ConversionReview that asks. */
export const review = (ask: {
  readonly version: ReviewVersion;
  readonly uid: string;
  readonly desired: string;
  readonly objects: readonly JsonObject[];
}): JsonObject => ({
  kind: "ConversionReview",
  apiVersion: `${group}/${ask.version}`,
  request: { uid: ask.uid, desiredAPIVersion: ask.desired, objects: ask.objects },
});

/** The objects that a ConversionReview answers with, or why it answers with none, in Kubernetes' words. */
export function convertedObjects(given: {
  readonly answer: JsonObject;
  readonly version: ReviewVersion;
  readonly uid: string;
}): readonly JsonValue[] | string {
  const { answer, version, uid } = given;
  const { response, apiVersion = "", kind = "" } = answer;
  const isExpected = apiVersion === `${group}/${version}` && kind === "ConversionReview";
  // Older ones are not held to it.
  if (version === "v1" && !isExpected) {
    return `expected webhook response of ${group}/v1, Kind=ConversionReview, got ${printed(apiVersion)}, Kind=${printed(kind)}`;
  }
  if (!isJsonObject(response)) return "no response provided";
  if (version === "v1" && response["uid"] !== uid)
    return `expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response["uid"] ?? "")}`;
  const result = isJsonObject(response["result"]) ? response["result"] : {};
  if (result["status"] !== "Success") return failureOf(result);
  const objects = response["convertedObjects"] ?? [];
  return Array.isArray(objects) ? objects : "response.convertedObjects is no list";
}

function failureOf({ message, status }: JsonObject): string {
  return typeof message === "string" && message !== "" ? message : `response.result.status was '${printed(status ?? "")}', not 'Success'`;
}

const printed = (value: JsonValue): string => (typeof value === "string" ? value : JSON.stringify(value));
