import { controlPlaneUser, dataPlaneUser, type UserInfo } from "@dataplane/meta";
import { expect, test } from "vitest";
import { parseRequestInfo } from "../chain/request-info.js";
import { fixedRoles } from "./fixed-roles.js";

const user = (...groups: string[]): UserInfo => ({ name: "u", groups: [...groups, "system:authenticated"] });
const [admin, editor, viewer, nobody] = [user("dataplane:admin"), user("dataplane:editor"), user("dataplane:viewer"), user()] as const;
const base = "/apis/p.datasource.grafana.app/v0alpha1/namespaces/default";

const may = async (who: UserInfo, method: string, path: string): Promise<boolean> =>
  (await fixedRoles().authorize(who, parseRequestInfo(method, path, new URLSearchParams()))).allowed;

test.each([
  ["GET", `${base}/datasources/a`, [true, true, true, false]],
  ["POST", `${base}/datasources/a/query`, [true, true, true, false]],
  ["POST", `${base}/connections/a/query`, [true, true, true, false]],
  ["POST", "/api/ds/query", [true, true, true, false]],
  ["POST", "/api/live/publish", [true, true, true, false]],
  ["GET", "/api/live/ws", [true, true, true, false]],
  ["POST", "/api/live/push/a", [true, false, false, false]],
  ["GET", "/api/live/push/a", [true, false, false, false]],
  ["POST", "/api/plugins/acme-app/resources/a", [true, true, true, false]],
  ["POST", "/api/admin/provisioning/datasources/reload", [true, false, false, false]],
  ["POST", `${base}/datasources`, [true, true, false, false]],
  ["DELETE", `${base}/datasources/a`, [true, true, false, false]],
  ["DELETE", "/api/v1/namespaces/default", [true, false, false, false]],
  ["POST", "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices", [true, false, false, false]],
  ["GET", "/apis", [true, true, true, true]],
  ["GET", "/openapi/v3/apis/x", [true, true, true, true]],
  ["GET", "/metrics", [true, true, true, false]],
  ["GET", `${base}/datasources/a/plugincontext`, [false, false, false, false]],
  ["GET", `${base}/appsettings/a/plugincontext`, [false, false, false, false]],
])("%s %s", async (method, path, expected) => {
  expect(await Promise.all([admin, editor, viewer, nobody].map((who) => may(who, method, path)))).toEqual(expected);
});

test("the data plane reads contexts and writes nothing; the control plane does all but that", async () => {
  expect(await may(dataPlaneUser, "GET", `${base}/datasources/a/plugincontext`)).toBe(true);
  expect(await may(dataPlaneUser, "GET", `${base}/appsettings/a/plugincontext`)).toBe(true);
  expect(await may(dataPlaneUser, "POST", `${base}/datasources`)).toBe(false);
  expect(await may(controlPlaneUser, "POST", "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices")).toBe(true);
  expect(await may(controlPlaneUser, "GET", `${base}/datasources/a/plugincontext`)).toBe(false);
});
