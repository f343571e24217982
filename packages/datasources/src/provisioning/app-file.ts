import type { ResourceRef } from "@dataplane/client";
import { isUid } from "../uid.js";
import { FileEntry } from "./file-entry.js";
import type { ProvisionedEntry, ProvisionedKind, ProvisioningFile } from "./provisioned-kind.js";
import { blankFile, isBlank, listOf, readDocument } from "./yaml-document.js";

const appSettings: ResourceRef = { group: "apps.grafana.app", version: "v0alpha1", resource: "appsettings", namespaced: true };

/**
 * Reads Grafana's format for apps (https://grafana.com/docs/grafana/latest/administration/provisioning/#plugins): `apps`, a list of
 * `{type, org_id, disabled, jsonData, secureJsonData}`. Variables are expanded in values only. Throws ProvisioningError.
 */
export function parseAppFile(text: string, env: NodeJS.ProcessEnv): ProvisioningFile {
  const document = readDocument(text, ["apps"]);
  if (document === undefined) return blankFile;
  const entries = listOf(document, "apps").map((value, index) =>
    appOf(new FileEntry({ value, env, keyOf: (name) => name, where: `apps[${index}]` })),
  );
  return { entries, deletions: [], prune: document["prune"] === true, isBlank: isBlank(document, ["apps"]) };
}

function appOf(entry: FileEntry): ProvisionedEntry {
  const pluginId = entry.required("type");
  if (!isUid(pluginId)) throw entry.wrong("type", "expected a plugin's id");
  const jsonData = entry.mapping("jsonData");
  return {
    namespace: entry.namespace("org_id"),
    name: pluginId,
    pluginId,
    spec: { enabled: entry.flag("disabled") !== true, ...(jsonData === undefined ? {} : { jsonData }) },
    secure: entry.secrets(),
  };
}

/** `<provisioning>/plugins`. Settings may be there before their plugin is. */
export const provisionedApps: ProvisionedKind = {
  kind: "AppSettings",
  words: "app",
  nameWords: "type",
  parse: parseAppFile,
  resourceOf: () => appSettings,
  resources: () => [appSettings],
};
