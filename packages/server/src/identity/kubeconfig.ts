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
  writeFileAtomically(options.file, kubeconfigText({ ...options, credential: { token } }), 0o600);
}

/** What a user of a kubeconfig logs in with: a token, or a client certificate and its key, PEM. */
export type KubeconfigCredential = { readonly token: string } | { readonly cert: string; readonly key: string };

/** A kubeconfig of one cluster, one user and the context of both. */
export function kubeconfigText({
  server,
  ca,
  credential,
}: {
  readonly server: string;
  readonly ca: string;
  readonly credential: KubeconfigCredential;
}): string {
  const login =
    "token" in credential
      ? [`token: ${credential.token}`]
      : [`client-certificate-data: ${base64(credential.cert)}`, `client-key-data: ${base64(credential.key)}`];
  return [
    "apiVersion: v1",
    "kind: Config",
    "current-context: default-context",
    "clusters:",
    "- name: default-cluster",
    "  cluster:",
    `    server: ${server}`,
    `    certificate-authority-data: ${base64(ca)}`,
    "contexts:",
    "- name: default-context",
    "  context:",
    "    cluster: default-cluster",
    "    namespace: default",
    "    user: default",
    "users:",
    "- name: default",
    "  user:",
    ...login.map((line) => `    ${line}`),
    "",
  ].join("\n");
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
