import type { Converter } from "@dataplane/apiserver";
import type { UserInfo } from "@dataplane/meta";
import { brokenHook } from "./admission-answer.js";
import { callPlugin } from "./call-plugin.js";
import { batchedConverter } from "./conversion-batches.js";
import { parsedObject } from "./parsed-object.js";
import { hookContext, type PluginHooksOptions } from "./plugin-hook-context.js";

export interface PluginConversionOptions extends PluginHooksOptions {
  readonly newUid: () => string;
  readonly user: UserInfo;
}

/** A plugin's conversion of objects: `pluginv2.ResourceConversion`. Throws ApiError as calls to plugins do, BadGateway for another's answer. */
export function pluginConversion(options: PluginConversionOptions): Converter {
  const { plugin, callTimeoutMs, user, newUid } = options;
  const who = `plugin ${JSON.stringify(plugin.id)}`;
  return batchedConverter({
    who,
    async begin({ namespace, desired, signal }) {
      const pluginContext = await hookContext(options, { namespace, user }, signal);
      const metadata = { ...options.metadata, tenantid: namespace };
      const targetVersion = { group: desired.group, version: desired.version };
      return async (batch) => {
        const uid = newUid();
        const objects = batch.map(({ bytes }) => ({ raw: bytes, contentType: "application/json" }));
        const answer = await callPlugin({ request: { signal }, plugin, limits: { callTimeoutMs } }, metadata, (client, callOptions) =>
          client.convertObjects({ pluginContext, uid, objects, targetVersion }, callOptions),
        );
        if (answer.result?.status === "Failure") return { refusal: answer.result.message };
        // Old SDKs leave the uid out.
        if (answer.uid !== "" && answer.uid !== uid) throw brokenHook(who, "answered another conversion than it was asked for");
        return { objects: answer.objects.map(({ raw }) => parsedObject(raw)) };
      };
    },
  });
}
