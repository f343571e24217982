import { isDeepStrictEqual } from "node:util";
import type { ApiClient, Informer } from "@dataplane/client";
import { createController } from "@dataplane/controller";
import { type ApiObject, type Clock, type JsonObject, type Logger, tolerating } from "@dataplane/meta";
import { type CustomResourceDefinition, definitionFrom, definitionsRef, isTrue } from "../definition/custom-resource-definition.js";
import { type TakenNames, takenNames } from "../status/accept-names.js";
import { definitionStatus } from "../status/definition-status.js";
import type { ServedDefinitions } from "./served-definitions.js";

export interface DefinitionsControllerOptions {
  readonly client: ApiClient;
  /** Of CustomResourceDefinitions; run by the caller. It only says which to look at. */
  readonly definitions: Informer<ApiObject>;
  readonly served: ServedDefinitions;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keeps what is served, and the status of definitions, equal to the stored definitions. */
export interface DefinitionsController {
  /** Serves all that is stored and was accepted before: what a server does first. */
  serveStored(): Promise<void>;
  /** Resolves when the definition of that name, or all of them, is served as it is stored now. */
  settled(name: string): Promise<void>;
  /** Serves those anew that someone else converts than before. */
  convertersChanged(): void;
  /** Looks again at those that wait for names: others, who are no definitions, may have given them up. */
  namesChanged(): void;
  run(signal: AbortSignal): Promise<void>;
}

export function definitionsController(options: DefinitionsControllerOptions): DefinitionsController {
  const { client, definitions, served, clock, logger } = options;
  /** As last read or written here: newer than the informer's. */
  const known = new Map<string, CustomResourceDefinition>();

  const controller = createController({
    name: "customresourcedefinitions",
    // One at a time: two definitions may want one name, and the first one has it.
    concurrency: 1,
    clock,
    logger,
    async reconcile(name, signal) {
      const object = await tolerating(client.get<ApiObject>(definitionsRef, { name }, signal), "NotFound");
      if (object === undefined) release(name);
      else await settle(object, signal);
      return undefined;
    },
  });

  /** Others may have waited for its names. */
  const release = (name: string): void => {
    const group = known.get(name)?.spec.group;
    known.delete(name);
    served.withdraw(name);
    lookAgain(group, name);
  };

  const lookAgain = (group: string | undefined, except: string): void => {
    for (const [name, { spec, ...definition }] of known) {
      if (name !== except && spec.group === group && !isTrue(definition, "NamesAccepted")) controller.enqueue(name);
    }
  };

  const namesTaken = (definition: CustomResourceDefinition): TakenNames => {
    const { group } = definition.spec;
    const others = [...known.values()].filter(({ metadata, spec }) => spec.group === group && metadata.name !== definition.metadata.name);
    return takenNames([...others.map(({ status }) => status.acceptedNames), ...served.othersNames(group)]);
  };

  const settle = async (object: ApiObject, signal: AbortSignal): Promise<void> => {
    const stored = definitionFrom(object);
    const status = definitionStatus(stored, namesTaken(stored), clock.now());
    const definition = { ...stored, status };
    const { name } = stored.metadata;
    const before = known.get(name)?.status.acceptedNames;
    known.set(name, definition);
    // Served before its status says so: who waits for Established finds it.
    if (isServable(definition)) served.serve(definition);
    if (before !== undefined && !isDeepStrictEqual(before, status.acceptedNames)) lookAgain(stored.spec.group, name);
    if (isDeepStrictEqual(stored.status, status)) return;
    const next: ApiObject = { ...object, status: jsonOf(status) };
    await client.update(definitionsRef, { name, subresource: "status" }, next, {}, signal);
  };

  const storedNames = async (): Promise<readonly string[]> => {
    const { items } = await client.list<ApiObject>(definitionsRef);
    return [...new Set([...items.map(({ metadata }) => metadata.name), ...known.keys()])];
  };

  return {
    async serveStored() {
      const { items } = await client.list<ApiObject>(definitionsRef);
      const all = items.map(definitionFrom);
      for (const definition of all) {
        known.set(definition.metadata.name, definition);
        if (isServable(definition)) served.serve(definition);
      }
    },
    async settled(name) {
      for (const key of name === "" ? await storedNames() : [name]) controller.enqueue(key);
      await controller.drained();
    },
    convertersChanged: () => served.refresh(known.values()),
    namesChanged() {
      for (const [name, definition] of known) if (!isTrue(definition, "NamesAccepted")) controller.enqueue(name);
    },
    async run(signal) {
      const stop = definitions.onChange(({ object }) => controller.enqueue(object.metadata.name));
      for (const { metadata } of definitions.list()) controller.enqueue(metadata.name);
      await controller.run(signal);
      stop();
    },
  };
}

/** Kubernetes' rule: accepted now, or established before. */
const isServable = (definition: CustomResourceDefinition): boolean =>
  definition.status.acceptedNames.plural !== "" && (isTrue(definition, "Established") || isTrue(definition, "NamesAccepted"));

const jsonOf = (status: CustomResourceDefinition["status"]): JsonObject => JSON.parse(JSON.stringify(status)) as JsonObject;
