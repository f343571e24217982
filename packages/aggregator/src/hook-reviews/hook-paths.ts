/** Where the process that has the plugins is asked about objects by the API server of another process. */
export const hookPaths = {
  mutate: "/internal/hooks/admission/mutate",
  validate: "/internal/hooks/admission/validate",
  convert: "/internal/hooks/convert",
} as const;

/** Of these paths: the app that is asked; without it the DataPlaneService of the group and version is. */
export const pluginParameter = "plugin";
