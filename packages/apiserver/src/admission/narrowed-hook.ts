import type { AdmissionHook, HookConcern } from "./admission-hook.js";

/** The hook, with a say in those writes alone that `includes` names. */
export const narrowedHook = (hook: AdmissionHook, includes: (write: HookConcern) => boolean): AdmissionHook => ({
  concerns: (write) => includes(write) && hook.concerns?.(write) !== false,
  mutate: (attributes, signal) => hook.mutate(attributes, signal),
  validate: (attributes, signal) => hook.validate(attributes, signal),
});
