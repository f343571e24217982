// For the composition root.
export { accessObjects, appsNamespace } from "./access/access-objects.js";
export {
  type ManifestAccessController,
  type ManifestAccessOptions,
  manifestAccessController,
} from "./access/manifest-access-controller.js";
export { appManifests } from "./app-manifest.js";
// For those who read AppManifests.
export { type ManifestKind, type ManifestRole, type ManifestSpec, type ManifestVersion, manifestSpecFrom } from "./app-manifest-spec.js";
export {
  type AppManifestStatusController,
  type AppManifestStatusControllerOptions,
  appManifestStatusController,
} from "./app-manifest-status-controller.js";
export { type AppManifests, type AppManifestsOptions, createAppManifests } from "./create-app-manifests.js";
export { type ManifestFinding, manifestOnDisk } from "./disk/manifest-on-disk.js";
export { type ManifestsOnDiskController, type ManifestsOnDiskOptions, manifestsOnDiskController } from "./disk/manifests-on-disk-controller.js";
export {
  type StorageMigrationController,
  type StorageMigrationOptions,
  storageMigrationController,
} from "./migration/storage-migration-controller.js";
