export type { ConverterSources, GroupConversion } from "./convert/definition-converter.js";
export { type WebhookConverterOptions, webhookConverter } from "./convert/webhook-converter.js";
export { type Apiextensions, type ApiextensionsOptions, createApiextensions } from "./create-apiextensions.js";
export { type CustomResourceDefinition, definitionFrom, definitionsRef } from "./definition/custom-resource-definition.js";
export { customResourceDefinitions, type DefinitionResourceOptions } from "./definition/definition-resource.js";
export { type ObeyedKind, obeyingWrites } from "./obeying-writes.js";
// For those who declare kinds by other means.
export { type CompileInput, compileDefinition } from "./serve/compile-definition.js";
export { type ValidateDefinitionInput, validateDefinition } from "./validation/validate-definition.js";
