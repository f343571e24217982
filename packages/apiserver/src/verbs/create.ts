import { randomInt } from "node:crypto";
import { ApiError, alreadyExists, badRequest, type HttpResponse, invalid, isJsonObject, notFound } from "@dataplane/meta";
import { RevisionConflict } from "@dataplane/storage";
import type { StoredValue } from "../codec.js";
import { readObjectBody, requireJsonObject } from "../read-body.js";
import { required } from "../schema/field-errors.js";
import { admit, type Proposal } from "./admit.js";
import { answerObject } from "./answer.js";
import { review } from "./review.js";
import { objectsOf, type VerbCall } from "./verb-call.js";
import { writeOptions } from "./write-options.js";

/** POST of an object to its collection. */
export async function create(call: VerbCall): Promise<HttpResponse> {
  if (call.resource.definition.review !== undefined) return review(call, call.resource.definition.review);
  const options = writeOptions(call);
  const { value, duplicates } = await readObjectBody(call.request, call.services.bodyLimitBytes, call.resource.hasProtobuf);
  const stored = await createObject(call, { body: requireJsonObject(value), duplicates, options, request: "create" });
  return answerObject(call, stored, 201);
}

export type NewObject = Omit<Proposal, "live">;

const nameAttempts = 8;

/** Writes a new object; a generated name that is taken is drawn again. */
export async function createObject(call: VerbCall, sent: NewObject): Promise<StoredValue> {
  await requireNamespace(call);
  const metadata = sent.body["metadata"] ?? {};
  if (!isJsonObject(metadata)) throw badRequest("metadata must be an object");
  if (metadata["resourceVersion"] !== undefined && metadata["resourceVersion"] !== "") {
    throw badRequest("resourceVersion should not be set on objects to be created");
  }
  const isGenerated = isAbsent(metadata["name"]) && call.info.name === "";
  if (!isGenerated) return insert(call, sent);
  for (let attempt = 1; ; attempt++) {
    const name = generatedName(call, metadata["generateName"]);
    try {
      return await insert(call, { ...sent, body: { ...sent.body, metadata: { ...metadata, name } } });
    } catch (error) {
      if (!(error instanceof ApiError) || error.reason !== "AlreadyExists" || attempt === nameAttempts) throw error;
    }
  }
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === "";

async function insert(call: VerbCall, sent: NewObject): Promise<StoredValue> {
  const { definition } = call.resource;
  const objects = objectsOf(call);
  const { object, hidden } = await admit(call, { ...sent, live: undefined });
  const { namespace = "", name } = object.metadata;
  const taken = (): ApiError => alreadyExists(definition.plural, name, definition.group);
  const there = await objects.find(namespace, name);
  // An apply that lost the race changes what the winner made.
  if (there !== undefined && sent.request === "apply" && there.shownBy(call.resource).included) throw new RevisionConflict(there.key, there.revision);
  if (there !== undefined) throw there.bare.metadata.deletionTimestamp === undefined ? taken() : stillThere(taken());
  if (sent.options.dryRun) return objects.preview(object, hidden, undefined);
  try {
    return await objects.put(object, hidden, undefined);
  } catch (error) {
    if (error instanceof RevisionConflict && sent.request !== "apply") throw taken();
    throw error;
  }
}

/** Worth another try soon. */
const stillThere = ({ reason, message, details }: ApiError): ApiError =>
  new ApiError(reason, `object is being deleted: ${message}`, details === undefined ? {} : { details });

// No vowels and no digits that look like them, so that no word comes out.
const suffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";

function generatedName({ resource: { definition } }: VerbCall, base: unknown): string {
  if (typeof base !== "string" || base === "") {
    throw invalid(definition.kind, definition.group, "", [
      { ...required("metadata.name"), message: "Required value: name or generateName is required" },
    ]);
  }
  const suffix = Array.from({ length: 5 }, () => suffixAlphabet.charAt(randomInt(suffixAlphabet.length)));
  return `${base.slice(0, 58)}${suffix.join("")}`;
}

/** Objects are made in namespaces that exist and stay. */
async function requireNamespace({ info, resource, services }: VerbCall): Promise<void> {
  const namespaces = services.registry.resolve("", "v1", "namespaces");
  if (resource.definition.scope !== "namespaced" || namespaces === undefined) return;
  const stored = await objectsOf({ resource: namespaces, services }).get("", info.namespace);
  if (stored === undefined) throw notFound("namespaces", info.namespace);
  if (stored.bare.metadata.deletionTimestamp === undefined) return;
  const message = `unable to create new content in namespace ${info.namespace} because it is being terminated`;
  throw new ApiError("Forbidden", message, {
    details: {
      kind: resource.definition.plural,
      causes: [{ reason: "NamespaceTerminating", message: `namespace ${info.namespace} is being terminated`, field: "metadata.namespace" }],
    },
  });
}
