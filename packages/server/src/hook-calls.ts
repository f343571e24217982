import type { AppHooks, ObjectHooks } from "@dataplane/aggregator";
import type { AdmissionHook } from "@dataplane/apiserver";
import { unavailable } from "@dataplane/meta";

/**
 * All that the API server asks the data plane in the path of objects: in this process, or at the process that has the plugins. A call
 * throws ApiError ServiceUnavailable while it cannot be made.
 */
export interface HookCalls {
  /** What DataPlaneServices say of stored objects. */
  readonly objectHooks: ObjectHooks;
  /** What apps say of their own kinds. */
  readonly appHooks: AppHooks;
}

/** In one process the API server comes before the data plane that answers it: by the time that an object is written, the data plane is there. */
export function lateHookCalls(calls: () => HookCalls): HookCalls {
  return {
    objectHooks: {
      admission: lateAdmission(() => calls().objectHooks.admission),
      converts: (groupVersion) => calls().objectHooks.converts(groupVersion),
      whoConverts: (group) => calls().objectHooks.whoConverts(group),
      conversion: (user) => ({
        convert: (objects, desired, signal) => calls().objectHooks.conversion(user).convert(objects, desired, signal),
      }),
    },
    appHooks: {
      admission: (pluginId) => lateAdmission(() => calls().appHooks.admission(pluginId)),
      conversion: (pluginId) => ({
        convert: (objects, desired, signal) => calls().appHooks.conversion(pluginId).convert(objects, desired, signal),
      }),
    },
  };
}

const lateAdmission = (hook: () => AdmissionHook): AdmissionHook => ({
  concerns: (write) => hook().concerns?.(write) ?? true,
  mutate: (attributes, signal) => hook().mutate(attributes, signal),
  validate: (attributes, signal) => hook().validate(attributes, signal),
});

const cannotBeAsked = (pluginId: string) => () => Promise.reject(unavailable(`app ${pluginId} cannot be asked: there is no data plane`, 30));

/** Where there is no data plane. */
export const noAppHooks: AppHooks = {
  admission: (pluginId) => ({ mutate: cannotBeAsked(pluginId), validate: cannotBeAsked(pluginId) }),
  conversion: (pluginId) => ({ convert: cannotBeAsked(pluginId) }),
};
