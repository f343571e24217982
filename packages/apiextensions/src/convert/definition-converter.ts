import { randomUUID } from "node:crypto";
import type { Converter, WebhookClient } from "@dataplane/apiserver";
import type { CustomResourceDefinition } from "../definition/custom-resource-definition.js";
import { webhookConverter } from "./webhook-converter.js";

/** Someone who converts the kinds of whole groups, where a definition names no webhook of its own. */
export interface GroupConversion {
  /** Who does so, as a text that is another when what he makes of objects may be another; undefined: nobody. Asked often. */
  whoConverts(group: string): string | undefined;
  readonly converter: Converter;
}

export interface DefinitionConverter {
  /** Another text when conversions may have another outcome, though the definition is the same. */
  readonly who: string;
  readonly converter: Converter;
}

export interface ConverterSources {
  /** Without it, what is to be converted by webhook fails. */
  readonly webhooks?: WebhookClient;
  readonly groups?: GroupConversion;
  readonly newUid?: () => string;
}

const noWebhooks: WebhookClient = { call: () => Promise.reject(new Error("this server asks no webhooks")) };

/** The webhook that the definition names, else who converts its group; undefined when its versions differ in apiVersion alone. */
export function definitionConverter(
  { spec: { group, versions, conversion } }: CustomResourceDefinition,
  { webhooks = noWebhooks, groups, newUid = randomUUID }: ConverterSources,
): DefinitionConverter | undefined {
  if (conversion?.strategy === "Webhook") return { who: "webhook", converter: webhookConverter({ conversion, webhooks, newUid }) };
  if (groups === undefined || versions.length < 2) return undefined;
  const who = groups.whoConverts(group);
  return who === undefined ? undefined : { who, converter: groups.converter };
}
