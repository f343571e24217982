// For the composition root.
export { accessObjects, appsNamespace } from "./access/access-objects.js";
export {
  type ManifestAccessController,
  type ManifestAccessOptions,
  manifestAccessController,
  pluginLabel,
  pluginOf,
} from "./access/manifest-access-controller.js";
export { appManifests } from "./app-manifest.js";
// For those who read AppManifests.
export { type ManifestKind, type ManifestRole, type ManifestSpec, type ManifestVersion, manifestSpecFrom } from "./app-manifest-spec.js";
export {
  type AppManifestStatusController,
  type AppManifestStatusControllerOptions,
  appManifestStatusController,
} from "./app-manifest-status-controller.js";
export {
  type StorageMigrationController,
  type StorageMigrationOptions,
  storageMigrationController,
} from "./migration/storage-migration-controller.js";
