import type { ApiClient, Informer, ResourceRef } from "@dataplane/client";
import { createController } from "@dataplane/controller";
import { ApiError, type ApiObject, type Clock, type Condition, type JsonObject, type Logger, setCondition, tolerating } from "@dataplane/meta";
import {
  type CustomResourceDefinition,
  cleanupFinalizer,
  definitionFrom,
  definitionsRef,
  isTrue,
  storageVersionOf,
} from "../definition/custom-resource-definition.js";
import { neverEstablished, terminationCompleted, terminationFailed, terminationInProgress } from "../status/termination.js";

export interface FinalizerControllerOptions {
  readonly client: ApiClient;
  /** Of CustomResourceDefinitions; run by the caller. */
  readonly definitions: Informer<ApiObject>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How often it is looked whether objects that finalizers hold are gone. */
const retryMs = 500;

/** Objects that are asked to go at the same time. */
const deletedAtOnce = 64;
const pageSize = 500;

/** Removes the objects of definitions that are being deleted, then lets go of the definitions, until `signal` aborts. */
export function finalizerController({ client, definitions, clock, logger }: FinalizerControllerOptions): { run(signal: AbortSignal): Promise<void> } {
  const controller = createController({
    name: "customresourcedefinition-finalizer",
    // Objects of one may take long to go: the others do not wait for them.
    concurrency: 4,
    clock,
    logger,
    async reconcile(name, signal) {
      const object = definitions.get(name);
      if (object === undefined || object.metadata.deletionTimestamp === undefined) return undefined;
      if (object.metadata.finalizers?.includes(cleanupFinalizer) !== true) return undefined;
      return ignoringLostRaces(finalize(name, signal));
    },
  });

  const finalize = async (name: string, signal: AbortSignal): Promise<{ readonly afterMs: number } | undefined> => {
    const definition = definitionFrom(await client.get<ApiObject>(definitionsRef, { name }, signal));
    const left = isTrue(definition, "Established") ? await told(definition, deleteObjects(definition, signal), signal) : 0;
    if (left > 0) {
      await tell(definition, terminationInProgress, signal);
      return { afterMs: retryMs };
    }
    await tell(definition, isTrue(definition, "Established") ? terminationCompleted : neverEstablished, signal);
    await letGo(name, signal);
    return undefined;
  };

  /** What hinders the deletion is told before it is tried again. */
  const told = async (definition: CustomResourceDefinition, run: Promise<number>, signal: AbortSignal): Promise<number> => {
    try {
      return await run;
    } catch (error) {
      if (error instanceof ApiError && error.reason !== "Conflict") await tell(definition, terminationFailed(error.message), signal);
      throw error;
    }
  };

  /** How many are still there, after all were asked to go. */
  const deleteObjects = async (definition: CustomResourceDefinition, signal: AbortSignal): Promise<number> => {
    const resource = resourceOf(definition);
    if (resource === undefined) return 0;
    const all = await listAll(resource, signal);
    if (all.length > 0) await tell(definition, terminationInProgress, signal);
    const going = all.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    for (let start = 0; start < going.length; start += deletedAtOnce) {
      await Promise.all(going.slice(start, start + deletedAtOnce).map(({ metadata }) => deleteOne(resource, metadata, signal)));
    }
    return all.length === 0 ? 0 : (await listAll(resource, signal)).length;
  };

  const listAll = async (resource: ResourceRef, signal: AbortSignal): Promise<readonly ApiObject[]> => {
    const items: ApiObject[] = [];
    let page = await client.list<ApiObject>(resource, { limit: pageSize }, signal);
    items.push(...page.items);
    while ((page.metadata.continue ?? "") !== "") {
      page = await client.list<ApiObject>(resource, { limit: pageSize, continue: page.metadata.continue ?? "" }, signal);
      items.push(...page.items);
    }
    return items;
  };

  const deleteOne = async (resource: ResourceRef, { name, namespace }: ApiObject["metadata"], signal: AbortSignal): Promise<void> => {
    await tolerating(client.delete(resource, { name, ...(namespace === undefined ? {} : { namespace }) }, signal), "NotFound");
  };

  const tell = async (definition: CustomResourceDefinition, condition: NewCondition, signal: AbortSignal): Promise<void> => {
    const { name } = definition.metadata;
    const object = await client.get<ApiObject>(definitionsRef, { name }, signal);
    const { status } = definitionFrom(object);
    const before = status.conditions.find(({ type }) => type === condition.type);
    if (before?.status === condition.status && before.reason === condition.reason && before.message === condition.message) return;
    const conditions = setCondition(status.conditions, condition, clock.now()).map((it): JsonObject => ({ ...it }));
    const next: ApiObject = { ...object, status: { ...(object["status"] as JsonObject), conditions } };
    await client.update(definitionsRef, { name, subresource: "status" }, next, {}, signal);
  };

  const letGo = async (name: string, signal: AbortSignal): Promise<void> => {
    const { metadata } = await client.get<ApiObject>(definitionsRef, { name }, signal);
    const finalizers = (metadata.finalizers ?? []).filter((it) => it !== cleanupFinalizer);
    const patch: JsonObject = { metadata: { resourceVersion: metadata.resourceVersion ?? "", finalizers } };
    await client.patch(definitionsRef, { name }, "application/merge-patch+json", patch, {}, signal);
  };

  return {
    async run(signal) {
      const stop = definitions.onChange(({ object }) => controller.enqueue(object.metadata.name));
      for (const { metadata } of definitions.list()) controller.enqueue(metadata.name);
      await controller.run(signal);
      stop();
    },
  };
}

type NewCondition = Omit<Condition, "lastTransitionTime">;

/** By the storage version, which is served while the definition goes: no one is asked to convert what is only to be deleted. */
function resourceOf({ spec, status }: CustomResourceDefinition): ResourceRef | undefined {
  const version = storageVersionOf(spec);
  if (version === undefined) return undefined;
  return { group: spec.group, version, resource: status.acceptedNames.plural, namespaced: spec.scope !== "Cluster" };
}

/** Changed meanwhile: it is looked at again at once. What was not found may be the definition, which is gone then, or its kind, which is not served yet. */
async function ignoringLostRaces(run: Promise<{ readonly afterMs: number } | undefined>): Promise<{ readonly afterMs: number } | undefined> {
  try {
    return await run;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.reason === "NotFound") return { afterMs: retryMs };
    if (error.reason === "Conflict") return { afterMs: 1 };
    throw error;
  }
}
