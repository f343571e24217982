import type { ApiClient, ResourceRef } from "@dataplane/client";
import { ApiError, type ApiObject } from "@dataplane/meta";

const namespaces: ResourceRef = { group: "", version: "v1", resource: "namespaces", namespaced: false };

/** Makes what every server has from the first start on: the namespaces `default` and `kube-system`. */
export async function bootstrap(client: ApiClient): Promise<void> {
  for (const name of ["default", "kube-system"]) {
    const namespace: ApiObject = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
    try {
      await client.create(namespaces, namespace, { fieldManager: "bootstrap" });
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || thrown.reason !== "AlreadyExists") throw thrown;
    }
  }
}
