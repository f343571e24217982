import { Buffer } from "node:buffer";
import type { AdmissionAttributes, AdmissionHook, AdmissionVerdict } from "@dataplane/apiserver";
import type { JsonObject } from "@dataplane/meta";
import { AdmissionOperation, type AdmissionRequest, type ValidationResponse } from "@dataplane/plugin-protocol";
import { denialOf, mutatedObject } from "./admission-answer.js";
import { callPlugin } from "./call-plugin.js";
import { parsedObject } from "./parsed-object.js";
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
      return { ...verdict, object: mutatedObject(object, parsedObject(answer.objectBytes), `plugin ${JSON.stringify(plugin.id)}`) };
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
  return allowed ? { warnings } : { warnings, denial: denialOf(result ?? {}) };
}
