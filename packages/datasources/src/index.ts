// For the composition root.
export { connectionDefinition, type DataSourceGroup, dataSourceDefinition, storagePrefix } from "./data-source.js";
export { type DataSourceGroups, type DataSourceGroupsOptions, dataSourceGroups } from "./data-source-groups.js";
export { createProvisioning, type Provisioning, type ProvisioningOptions } from "./provisioning.js";
export { namespaceOfOrg, type ProvisionedDataSource, type ProvisioningFile, parseProvisioningFile, uidOfName } from "./provisioning-file.js";
export { openSealer, type Sealer } from "./sealer.js";
