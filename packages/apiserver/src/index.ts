// For those who declare resources.

export type { ApiSource, DiscoveredResource, ServedGroupVersion } from "./api-source.js";
export type { Authentication, Authenticator } from "./authn/authenticator.js";
export type { Authorizer, Decision } from "./authz/authorizer.js";
export { type Filter, withFilters } from "./chain/filter.js";
export type { ResourceRegistry } from "./registry.js";
export type { Column, ComputedSubresource, Hidden, Prepared, PrepareInput, ResourceDefinition, StorageLocation, Verb } from "./resource.js";
export type { StructuralSchema } from "./schema/structural-schema.js";
// For servers in the chain.
export type { ApiServer, ApiServerOptions } from "./server.js";
// To be written (see ARCHITECTURE.md, "Contracts"):
//   defineResource(definition) and the schema builder `s` with ObjectOf<typeof definition>;
//   createRegistry(), createApiServer(options);
//   json(status, value), statusResponse(error), readJsonBody(request, limit), negotiated rendering;
//   filters: recoverPanics, assignAuditId, resolveRequestInfo, authenticate, authorize, limitDuration, limitBody;
//   authenticators: basic, bearer; authorizer: fixedRoles.
