import { expect, test } from "vitest";
import { aUser, startRbac } from "./testing/start-rbac.js";

const base = "/apis/rbac.authorization.k8s.io/v1";

test("a role that was made a moment ago can be bound by who has its rights", async () => {
  await using api = await startRbac();
  const all = { metadata: { name: "all" }, rules: [{ verbs: ["get", "create"], apiGroups: ["*"], resources: ["*"] }] };
  const toAnn = { roleRef: { kind: "ClusterRole", name: "all" }, subjects: [{ kind: "User", name: "ann" }] };
  await api.have({ kind: "ClusterRole", ...all }, { kind: "ClusterRoleBinding", metadata: { name: "ann" }, ...toAnn });
  const ann = aUser("ann");
  for (let round = 0; round < 5; round++) {
    const name = `r${String(round)}`;
    const rules = [{ verbs: ["get"], apiGroups: [""], resources: ["configmaps"] }];
    const made = await api.call(ann, "POST", `${base}/namespaces/default/roles`, { metadata: { name }, rules });
    const bound = await api.call(ann, "POST", `${base}/namespaces/default/rolebindings`, {
      metadata: { name },
      roleRef: { kind: "Role", name },
      subjects: [{ kind: "User", name: "bob" }],
    });
    expect([made.status, bound.status]).toEqual([201, 201]);
  }
});
