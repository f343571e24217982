// For the composition root.
export { appSettingsDefinition } from "./app-settings.js";
export { type DataSourceGroups, type DataSourceGroupsOptions, dataSourceGroups } from "./data-source-groups.js";
export { provisionedApps } from "./provisioning/app-file.js";
export { createProvisioning, type Provisioning, type ProvisioningOptions } from "./provisioning/provisioning.js";
export { addSealingKey, openSealer, type Sealer } from "./sealer.js";
