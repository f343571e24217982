// For those who declare resources.

export {
  type AdmissionAttributes,
  type AdmissionDenial,
  type AdmissionHook,
  type AdmissionOperation,
  type AdmissionVerdict,
  admissionOperations,
  denialError,
  type HookConcern,
  type MutationVerdict,
} from "./admission/admission-hook.js";
export { denialDetails } from "./admission/denial-details.js";
export { jsonDiff, type PatchOperation } from "./admission/json-diff.js";
export { narrowedHook } from "./admission/narrowed-hook.js";
export { changedIdentity, withIdentity } from "./admission/object-identity.js";
export type { ApiSource, DiscoveredResource, ServedGroupVersion } from "./api-source.js";
export type { Authentication, Authenticator } from "./authn/authenticator.js";
export { type BasicOptions, basicAuthenticator } from "./authn/basic.js";
export { type BearerOptions, bearerAuthenticator } from "./authn/bearer.js";
export { type ClientCertificateOptions, certificatesOf } from "./authn/client-certificate.js";
export { type RequestHeaderNames, type RequestHeaderOptions, remoteHeaders, requestHeaderAuthenticator } from "./authn/request-header.js";
export { unionAuthenticator } from "./authn/union.js";
export { x509Authenticator } from "./authn/x509.js";
export type { Authorizer, Decision, Rules } from "./authz/authorizer.js";
export { roleGroups } from "./authz/role-groups.js";
export { addBuiltinResources } from "./builtin/builtin-resources.js";
export { coreEvents, events } from "./builtin/events.js";
export { leases } from "./builtin/leases.js";
export { namespaces } from "./builtin/namespaces.js";
export { addSelfReviews } from "./builtin/self-reviews.js";
export { type IssuedToken, type ServiceAccountOptions, serviceAccounts, type TokenRequestSpec } from "./builtin/service-accounts.js";
export { type TokenReviewOptions, type TokenVerdict, tokenReviews } from "./builtin/token-reviews.js";
// For servers in the chain.
export { assignAuditId } from "./chain/assign-audit-id.js";
export { anonymousPaths, authenticate, unauthorized } from "./chain/authenticate.js";
export { authorize } from "./chain/authorize.js";
export { type ChainOptions, filterChain } from "./chain/chain.js";
export { type Filter, withFilters } from "./chain/filter.js";
export { impersonate } from "./chain/impersonate.js";
export { type LimitDurationOptions, limitDuration } from "./chain/limit-duration.js";
export { type LimitInFlightOptions, limitInFlight } from "./chain/limit-in-flight.js";
export { recoverPanics } from "./chain/recover-panics.js";
export { parseRequestInfo, resolveRequestInfo } from "./chain/request-info.js";
export { sendWarnings } from "./chain/send-warnings.js";
export { conversionProblem, withOriginalMetadata } from "./conversion/check-converted.js";
export type { ConversionFailure, ConversionOutcome, Converter } from "./conversion/converter.js";
export { defineResource } from "./define-resource.js";
export { createDiscovery, type Discovery } from "./discovery/discovery-handler.js";
export { compareVersions } from "./discovery/group-order.js";
export { isKubernetesOwn, type Priority, servedPriority } from "./discovery/served-priority.js";
export { createOpenApiHandler } from "./openapi/open-api-handler.js";
export { parseJson } from "./parse-json.js";
export { applyJsonPatch } from "./patch/json-patch.js";
export { defaultBodyLimitBytes, mediaTypeOf, readBytes, readJsonBody } from "./read-body.js";
export { createRegistry, type ResourceRegistry } from "./registry.js";
export { json, statusResponse } from "./render.js";
export type {
  Column,
  ComputedSubresource,
  Hidden,
  Prepared,
  PrepareInput,
  ResourceDefinition,
  ScalePaths,
  StorageLocation,
  StoredObject,
  Verb,
  VersionedStorage,
} from "./resource.js";
export { conditions, s } from "./schema/builder.js";
export { checkRules } from "./schema/cel/rules/check-rules.js";
export { evaluateRules } from "./schema/cel/rules/evaluate-rules.js";
export type { CheckRules, EvaluateRules, RuleProblem } from "./schema/cel/validation-rules.js";
export { exceedsDepth } from "./schema/exceeds-depth.js";
export { maxDepth } from "./schema/field-path.js";
export { type ObjectOf, objectSchema } from "./schema/object-schema.js";
export { prune } from "./schema/prune.js";
export { compilePattern } from "./schema/regular-expression.js";
export type { StructuralSchema, ValidationRule } from "./schema/structural-schema.js";
export { validateSchema } from "./schema/validate-schema.js";
export { type ApiServer, type ApiServerOptions, createApiServer } from "./server.js";
export { unknownResource } from "./verbs/serve-resource.js";
export { createWebhookClient, type HttpsWebhookClientOptions } from "./webhook/https-webhook-client.js";
export { type ServiceResolver, type WebhookClient, type WebhookClientConfig, WebhookFailure } from "./webhook/webhook-client.js";
export { duplicateKey, type YamlTokensOptions, yamlTokens } from "./yaml-document.js";
