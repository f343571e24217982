import { Buffer } from "node:buffer";
import {
  type AdmissionAttributes,
  type AdmissionDenial,
  type AdmissionHook,
  type AdmissionVerdict,
  changedIdentity,
  exceedsDepth,
  maxDepth,
  parseJson,
  withIdentity,
} from "@dataplane/apiserver";
import { ApiError, isJsonObject, type JsonObject } from "@dataplane/meta";
import { AdmissionOperation, type AdmissionRequest, type StatusResult, type ValidationResponse } from "@dataplane/plugin-protocol";
import { callPlugin } from "./call-plugin.js";
import { hookContext, type PluginHooksOptions } from "./plugin-hook-context.js";

/**
 * A plugin's say in writes: `pluginv2.AdmissionControl`. The protocol has no word for a dry run, so hooks must have no effects of their
 * own. Throws ApiError as calls to plugins do, BadGateway for an answer that breaks the rules.
 */
export function pluginAdmission(options: PluginHooksOptions): AdmissionHook {
  const { plugin, callTimeoutMs } = options;
  const call = async (attributes: AdmissionAttributes, signal: AbortSignal) => {
    const { namespace } = attributes;
    const request = admissionRequest(attributes, await hookContext(options, attributes, signal));
    return { request, parts: { request: { signal }, plugin, limits: { callTimeoutMs } }, metadata: { ...options.metadata, tenantid: namespace } };
  };
  return {
    async mutate(attributes, signal) {
      const { request, parts, metadata } = await call(attributes, signal);
      const answer = await callPlugin(parts, metadata, (client, callOptions) => client.mutateAdmission(request, callOptions));
      const { object } = attributes;
      const verdict = verdictOf(answer);
      if (verdict.denial !== undefined || object === undefined || answer.objectBytes.byteLength === 0) return { ...verdict, object };
      return { ...verdict, object: withIdentity(object, mutated(object, answer.objectBytes, plugin.id)) };
    },
    async validate(attributes, signal) {
      const { request, parts, metadata } = await call(attributes, signal);
      return verdictOf(await callPlugin(parts, metadata, (client, callOptions) => client.validateAdmission(request, callOptions)));
    },
  };
}

function admissionRequest({ operation, kind, object, oldObject }: AdmissionAttributes, pluginContext: AdmissionRequest["pluginContext"]) {
  return {
    pluginContext,
    operation: AdmissionOperation[operation],
    kind: { group: kind.group, version: kind.version, kind: kind.kind },
    objectBytes: bytesOf(object),
    oldObjectBytes: bytesOf(oldObject),
  };
}

const bytesOf = (object: JsonObject | undefined): Uint8Array => (object === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(object)));

function verdictOf({ allowed, warnings, result }: ValidationResponse): AdmissionVerdict {
  return allowed ? { warnings } : { warnings, denial: denialOf(result) };
}

/** A refusal needs no words: it is 403 then, as kube-apiserver has it. */
function denialOf(result: StatusResult | undefined): AdmissionDenial {
  const { code = 0, reason = "", message = "" } = result ?? {};
  return { code: code >= 400 && code <= 599 ? code : 403, reason: reason === "" ? "Forbidden" : reason, message };
}

function mutated(before: JsonObject, bytes: Uint8Array, pluginId: string): JsonObject {
  const after = parsedObject(bytes);
  if (after === undefined) throw broken(pluginId, "answered a mutation with what is no JSON object");
  const changed = changedIdentity(before, after);
  if (changed.length > 0) throw broken(pluginId, `changed ${changed.join(", ")}, which a mutation must not`);
  return after;
}

/** Undefined for anything else, and for what is nested too deep to be walked. */
export function parsedObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const value = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return isJsonObject(value) && !exceedsDepth(value, maxDepth) ? value : undefined;
  } catch {
    return undefined;
  }
}

const broken = (pluginId: string, what: string): ApiError => new ApiError("BadGateway", `plugin ${JSON.stringify(pluginId)} ${what}`);
