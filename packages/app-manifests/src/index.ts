// For the composition root.
export { appManifests } from "./app-manifest.js";
// For those who read AppManifests.
export { type ManifestKind, type ManifestRole, type ManifestSpec, type ManifestVersion, manifestSpecFrom } from "./app-manifest-spec.js";
export {
  type AppManifestStatusController,
  type AppManifestStatusControllerOptions,
  appManifestStatusController,
} from "./app-manifest-status-controller.js";
