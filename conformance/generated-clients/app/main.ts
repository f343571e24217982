// An app that serves all that an app can, as simply as can be.
import { jsonResponse, serveApp } from "@dataplane/plugin-sdk";

await serveApp({
  createInstance: () => ({
    callResource: ({ method, path }) => jsonResponse({ method, path }),
    checkHealth: () => ({ status: "ok", message: "well" }),
    streams: {
      subscribe: ({ path }) => (path === "thing" ? { status: "ok", data: { first: true } } : { status: "not-found" }),
      publish: ({ data }) => ({ status: "ok", data: { published: JSON.stringify(data) } }),
    },
  }),
  admission: { validate: () => ({ warnings: ["seen"] }), mutate: ({ object }) => ({ object: { ...object, spec: { mutated: true } } }) },
  conversion: ({ objects, targetVersion: { group, version } }) => objects.map((object) => ({ ...object, apiVersion: `${group}/${version}` })),
});
