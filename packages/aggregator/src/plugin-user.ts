import { systemGroups, type UserInfo } from "@dataplane/meta";
import type { PluginUser } from "@dataplane/plugin-protocol";

/** The caller as plugins know callers; the role is the highest of the groups'. */
export function pluginUser(user: UserInfo): PluginUser {
  const [name = user.name] = user.extra?.["name"] ?? [];
  const [email = ""] = user.extra?.["email"] ?? [];
  return { login: user.name, name, email, role: roleOf(user.groups) };
}

/** Groups of the fixed roles may carry a prefix: `admin`, `grafana:admin`. */
function roleOf(groups: readonly string[]): "Admin" | "Editor" | "Viewer" {
  const names = new Set(groups.map((group) => group.slice(group.lastIndexOf(":") + 1).toLowerCase()));
  if (groups.includes(systemGroups.masters) || names.has("admin") || names.has("admins")) return "Admin";
  return names.has("editor") || names.has("editors") ? "Editor" : "Viewer";
}
