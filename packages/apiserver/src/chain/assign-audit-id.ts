import type { Filter } from "./filter.js";

/** Gives each request an id of its own, sent as `Audit-Id`. A client's own id is not taken over. */
export const assignAuditId =
  (newUid: () => string): Filter =>
  async (request, next) => {
    const auditId = newUid();
    request.context.auditId = auditId;
    const response = await next(request);
    return { ...response, headers: { ...response.headers, "audit-id": auditId } };
  };
