import path from "node:path";
import { ApiError, type HttpRequest, systemGroups, type UserInfo } from "@dataplane/meta";
import { writeFileAtomically } from "../write-file.js";
import { isLocalThroughProxies } from "./request-origin.js";
import type { Tokens } from "./tokens.js";

/** `<data>/grafana-apiserver/grafana.kubeconfig`: where Grafana's users look for it. */
export const kubeconfigPath = (dataPath: string): string => path.join(dataPath, "grafana-apiserver", "grafana.kubeconfig");

const kubeconfigUser: UserInfo = { name: "kubeconfig-admin", groups: [systemGroups.masters] };

/**
 * The token in the kubeconfig may do all, but from this machine only: a file that leaked is no key to the server. `kubectl proxy` on this
 * machine is for those on it. Throws Unauthorized.
 */
export function requireLocalKubeconfig(user: UserInfo, request: HttpRequest): void {
  if (user.name === kubeconfigUser.name && !isLocalThroughProxies(request)) {
    throw new ApiError("Unauthorized", "the token of the kubeconfig works from the server's own machine only");
  }
}

/** Writes the kubeconfig (0600) with a fresh token; called at start and daily, so that the file in place never expires. */
export async function writeKubeconfig(options: {
  readonly file: string;
  readonly server: string;
  readonly ca: string;
  readonly tokens: Pick<Tokens, "sign">;
}): Promise<void> {
  const token = await options.tokens.sign(kubeconfigUser);
  const content = [
    "apiVersion: v1",
    "kind: Config",
    "current-context: default-context",
    "clusters:",
    "- name: default-cluster",
    "  cluster:",
    `    server: ${options.server}`,
    `    certificate-authority-data: ${Buffer.from(options.ca).toString("base64")}`,
    "contexts:",
    "- name: default-context",
    "  context:",
    "    cluster: default-cluster",
    "    namespace: default",
    "    user: default",
    "users:",
    "- name: default",
    "  user:",
    `    token: ${token}`,
    "",
  ].join("\n");
  writeFileAtomically(options.file, content, 0o600);
}
