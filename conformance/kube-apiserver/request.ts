import type { Step } from "./step.js";

// Short forms of steps that are written by hand.

export const get = (path: string, more: Partial<Step> = {}): Step => ({ method: "GET", path, ...more });
export const post = (path: string, body: unknown, more: Partial<Step> = {}): Step => ({ method: "POST", path, body, ...more });
export const put = (path: string, body: unknown): Step => ({ method: "PUT", path, body });
export const remove = (path: string, body?: unknown): Step => ({ method: "DELETE", path, ...(body === undefined ? {} : { body }) });
export const merge = (path: string, body: unknown): Step => ({ method: "PATCH", path, contentType: "application/merge-patch+json", body });
export const strategic = (path: string, body: unknown): Step => ({
  method: "PATCH",
  path,
  contentType: "application/strategic-merge-patch+json",
  body,
});
export const apply = (path: string, body: unknown): Step => ({ method: "PATCH", path, contentType: "application/apply-patch+yaml", body });

export const namespaceOf = (name: string): Step => post("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
