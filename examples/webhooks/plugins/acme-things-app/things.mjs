import { PluginError, serveApp } from "@dataplane/plugin-sdk";

/** Each thing gets a size; none may be huge. */
const admission = {
  mutate: ({ object }) => ({ object: { ...object, spec: { size: "small", ...object.spec } } }),
  validate: ({ object }) => {
    if (object.spec?.size === "huge") throw new PluginError("spec.size: nothing huge comes in here", { status: 422, source: "downstream" });
    return { warnings: object.spec?.title === undefined ? ["a thing without a title is hard to find"] : [] };
  },
};

/** v1 says `title`, v2 says `name`. */
const conversion = ({ objects, targetVersion: { group, version } }) =>
  objects.map(({ spec: { title, name, ...spec }, ...object }) => ({
    ...object,
    apiVersion: `${group}/${version}`,
    spec: { ...spec, [version === "v1" ? "title" : "name"]: title ?? name },
  }));

await serveApp({ createInstance: () => ({}), admission, conversion });
