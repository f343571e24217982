/** A kubeconfig whose CA and token are in files beside it, so that both may be exchanged while it is in use. */
export const appKubeconfig = ({ server, namespace, user }: { readonly server: string; readonly namespace: string; readonly user: string }): string =>
  [
    "apiVersion: v1",
    "kind: Config",
    "current-context: app",
    "clusters:",
    "- name: server",
    "  cluster:",
    `    server: ${server}`,
    "    certificate-authority: ca.crt",
    "contexts:",
    "- name: app",
    "  context:",
    "    cluster: server",
    `    namespace: ${namespace}`,
    `    user: ${user}`,
    "users:",
    `- name: ${user}`,
    "  user:",
    "    tokenFile: token",
    "",
  ].join("\n");
