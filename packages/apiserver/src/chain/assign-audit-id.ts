import type { Filter } from "./filter.js";

/** Gives each request an id of its own, sent as `Audit-Id`. A client's own id is not taken over. */
export const assignAuditId =
  (newUid: () => string): Filter =>
  (request, next) => {
    const auditId = newUid();
    request.context.auditId = auditId;
    return next(request).then((response) => ({ ...response, headers: { ...response.headers, "audit-id": auditId } }));
  };
