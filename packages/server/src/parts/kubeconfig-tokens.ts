import { createTransportClient, parseJson, type ResourceRef, readText, send } from "@dataplane/client";
import { type ApiObject, controlPlaneUser, isJsonObject, type JsonObject, tolerating } from "@dataplane/meta";
import type { Tokens } from "../identity/tokens.js";
import type { Certificates } from "../tls/certificates.js";
import type { Peer } from "./part-of.js";
import { peerTransports } from "./peer-transport.js";

const account = { name: "dataplane-kubeconfig-admin", namespace: "kube-system" } as const;
const accountsRef: ResourceRef = { group: "", version: "v1", resource: "serviceaccounts", namespaced: true };
const bindingsRef: ResourceRef = { group: "rbac.authorization.k8s.io", version: "v1", resource: "clusterrolebindings", namespaced: false };
/** The file is written daily. */
const lifetimeSeconds = 2 * 86_400;
const answerLimitBytes = 1024 * 1024;
const writer = { fieldManager: "dataplane-kubeconfig" };

/**
 * Tokens for the kubeconfig of a server that has no keys of its own to sign with: of a ServiceAccount at the API server that may do all.
 * Throws ApiError.
 */
export function kubeconfigTokens({
  apiServer,
  certificates,
}: {
  readonly apiServer: Peer;
  readonly certificates: Certificates;
}): Pick<Tokens, "sign"> {
  const transport = peerTransports(apiServer, certificates).as(controlPlaneUser);
  const client = createTransportClient(transport);
  return {
    async sign() {
      await tolerating(client.create(accountsRef, serviceAccount, writer), "AlreadyExists");
      await tolerating(client.create(bindingsRef, binding, writer), "AlreadyExists");
      const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: lifetimeSeconds } };
      const answer = await send(transport, {
        method: "POST",
        path: `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.name}/token`,
        content: { type: "application/json", value: request },
      });
      return tokenOf(parseJson(await readText(answer.body, answerLimitBytes)));
    },
  };
}

const serviceAccount: ApiObject = { apiVersion: "v1", kind: "ServiceAccount", metadata: { ...account } };

const binding: ApiObject & JsonObject = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  metadata: { name: account.name },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
  subjects: [{ kind: "ServiceAccount", ...account }],
};

function tokenOf(answer: unknown): string {
  const status = isJsonObject(answer) && isJsonObject(answer["status"]) ? answer["status"] : {};
  if (typeof status["token"] === "string") return status["token"];
  throw new Error("the API server answered a TokenRequest without a token");
}
