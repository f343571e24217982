import { randomUUID } from "node:crypto";
import type { AdmissionHook, ConversionOutcome, Converter } from "@dataplane/apiserver";
import { type GroupVersion, parseApiVersion, type UserInfo, unavailable } from "@dataplane/meta";
import type { DataPlaneService } from "./dataplaneservice.js";
import type { BackendLink } from "./http-backend/ask-backend.js";
import { backendAdmission } from "./http-backend/backend-admission.js";
import { backendConversion } from "./http-backend/backend-conversion.js";
import { defaultOutbound } from "./outbound/outbound.js";
import { pluginAdmission } from "./plugin-admission.js";
import { pluginMissing } from "./plugin-call-errors.js";
import { pluginConversion } from "./plugin-conversion.js";
import type { PluginHandlerOptions } from "./plugin-handler.js";
import type { PluginHooksOptions } from "./plugin-hook-context.js";

/** What DataPlaneServices say of stored objects: the API server asks this in the path of each write and of each read in another version. */
export interface ObjectHooks {
  /**
   * Asks the plugin or the backend of the service that lists `admission` for the object's group and version; allows what no service has a
   * say in. Who cannot be asked has not allowed: it throws ApiError then, and the write is refused.
   */
  readonly admission: AdmissionHook;
  /** True when a service that lists `conversion` has this group and version. */
  converts(groupVersion: GroupVersion): boolean;
  /**
   * Who converts objects of a group, as a text that is another when what he makes of them may be another: what was kept of them is of no use
   * then. Undefined: nobody does. Until all services are known somebody may, who cannot be asked yet.
   */
  whoConverts(group: string): string | undefined;
  /**
   * Asks, for `user`, the service that lists `conversion` for the desired version, or else for the version that the first object has, or
   * else for any of their group. It is a failure when there is none. Throws ServiceUnavailable until all services are known.
   */
  conversion(user: UserInfo): Converter;
}

export interface ObjectHooksOptions extends Pick<PluginHandlerOptions, "plugins" | "contexts" | "limits" | "guard" | "outbound" | "logger"> {
  /** The service that is routed for a group and version. */
  readonly serviceOf: (groupVersion: GroupVersion) => DataPlaneService | undefined;
  /** All that are routed. */
  readonly services: () => readonly DataPlaneService[];
  /** False until all services were seen once. */
  readonly areKnown: () => boolean;
}

export function objectHooks(options: ObjectHooksOptions): ObjectHooks {
  const listing = (type: "admission" | "conversion", groupVersion: GroupVersion): DataPlaneService | undefined => {
    const service = options.serviceOf(groupVersion);
    return service !== undefined && lists(service, type) ? service : undefined;
  };
  const convertersOf = (group: string): readonly DataPlaneService[] =>
    options.services().filter((service) => service.spec.group === group && lists(service, "conversion"));
  const admissionOf = (groupVersion: GroupVersion): AdmissionHook | undefined => {
    const service = listing("admission", groupVersion);
    if (service === undefined) return undefined;
    const link = backendLink(service, options);
    return link === undefined ? pluginAdmission(pluginHooks(service, options)) : backendAdmission(link);
  };
  return {
    admission: {
      concerns: ({ kind }) => listing("admission", kind) !== undefined,
      mutate: async (attributes, signal) =>
        (await admissionOf(attributes.kind)?.mutate(attributes, signal)) ?? { object: attributes.object, warnings: [] },
      validate: async (attributes, signal) => (await admissionOf(attributes.kind)?.validate(attributes, signal)) ?? { warnings: [] },
    },
    converts: (groupVersion) => listing("conversion", groupVersion) !== undefined,
    whoConverts(group) {
      if (!options.areKnown()) return notKnownYet;
      const services = convertersOf(group);
      return services.length === 0 ? undefined : JSON.stringify(services.map((service) => converterName(service, options)).toSorted());
    },
    conversion: (user) => ({
      async convert(objects, desired, signal): Promise<ConversionOutcome> {
        const apiVersion = objects[0]?.["apiVersion"];
        const stored = typeof apiVersion === "string" ? parseApiVersion(apiVersion) : undefined;
        const ofStored = stored === undefined ? undefined : listing("conversion", stored);
        const service = listing("conversion", desired) ?? ofStored ?? convertersOf(desired.group)[0];
        if (service === undefined && !options.areKnown()) throw unavailable(notKnownYet);
        if (service === undefined) return { failure: { message: `no DataPlaneService converts to ${desired.group}/${desired.version}` } };
        const link = backendLink(service, options);
        const converter =
          link === undefined ? pluginConversion({ ...pluginHooks(service, options), newUid: randomUUID, user }) : backendConversion(link, user);
        return converter.convert(objects, desired, signal);
      },
    }),
  };
}

const notKnownYet = "who converts objects is not known yet";

const lists = ({ spec }: DataPlaneService, type: "admission" | "conversion"): boolean => spec.services.some((entry) => entry.type === type);

/** Another version of a plugin may convert in another way. */
const converterName = ({ spec }: DataPlaneService, { plugins }: Pick<ObjectHooksOptions, "plugins">): string =>
  JSON.stringify(
    spec.backend === undefined
      ? [spec.version, spec.pluginType, spec.pluginID, plugins.get(spec.pluginID)?.json.version ?? ""]
      : [spec.version, spec.backend],
  );

function backendLink(service: DataPlaneService, { limits, guard, outbound, logger }: ObjectHooksOptions): BackendLink | undefined {
  const { backend } = service.spec;
  if (backend === undefined) return undefined;
  const bounds = guard === undefined ? {} : { guard };
  return { service, backend, outbound: outbound ?? defaultOutbound(), callTimeoutMs: limits.callTimeoutMs, ...bounds, logger };
}

/** Throws ServiceUnavailable while the plugin is not there. */
function pluginHooks({ spec }: DataPlaneService, { plugins, contexts, limits }: ObjectHooksOptions): PluginHooksOptions {
  const plugin = plugins.get(spec.pluginID);
  if (plugin === undefined) throw pluginMissing(spec.pluginID);
  return { plugin, contexts, callTimeoutMs: limits.callTimeoutMs };
}
