// For those who declare resources.
export type { Column, ComputedSubresource, Hidden, PrepareInput, Prepared, ResourceDefinition, StorageLocation, Verb } from "./resource.js";
export type { StructuralSchema } from "./schema/structural-schema.js";
// For servers in the chain.
export type { ApiServer, ApiServerOptions } from "./server.js";
export type { ApiSource, DiscoveredResource, ServedGroupVersion } from "./api-source.js";
export type { ResourceRegistry } from "./registry.js";
export type { Authentication, Authenticator } from "./authn/authenticator.js";
export type { Authorizer, Decision } from "./authz/authorizer.js";
export { withFilters, type Filter } from "./chain/filter.js";
// To be written (see ARCHITECTURE.md, "Contracts"):
//   defineResource(definition) and the schema builder `s` with ObjectOf<typeof definition>;
//   createRegistry(), createApiServer(options);
//   json(status, value), statusResponse(error), readJsonBody(request, limit), negotiated rendering;
//   filters: recoverPanics, assignAuditId, resolveRequestInfo, authenticate, authorize, limitDuration, limitBody;
//   authenticators: basic, bearer; authorizer: fixedRoles.
