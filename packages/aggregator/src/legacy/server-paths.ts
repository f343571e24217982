import { json } from "@dataplane/apiserver";
import type { LegacyRoute } from "./legacy-handler.js";

/** What the older paths tell of the server, and have it do. */
export interface LegacyServer {
  readonly version: string;
  /** Of the source that this server was built from. */
  readonly commit: string;
  /** Reads provisioning files of that kind again. */
  reload(kind: "datasources" | "plugins"): Promise<void>;
}

/** `GET /api/health`, open to all. */
const health: LegacyRoute = {
  method: "GET",
  path: /^\/api\/health$/,
  handle: (_, { server: { version, commit } }) => Promise.resolve(json(200, { database: "ok", version, commit })),
};

const words = { datasources: "Datasources", plugins: "Plugins" } as const;

/** `POST /api/admin/provisioning/{datasources,plugins}/reload`; the filters let only admins write to a path of no group. */
const reload = (kind: "datasources" | "plugins"): LegacyRoute => ({
  method: "POST",
  path: kind === "datasources" ? /^\/api\/admin\/provisioning\/datasources\/reload$/ : /^\/api\/admin\/provisioning\/plugins\/reload$/,
  handle: async (_, { server }) => {
    await server.reload(kind);
    return json(200, { message: `${words[kind]} config reloaded` });
  },
});

export const legacyServerPaths: readonly LegacyRoute[] = [health, reload("datasources"), reload("plugins")];
