import { createHash } from "node:crypto";
import type { ResourceRef } from "@dataplane/client";
import type { JsonValue } from "@dataplane/meta";
import { ownGroupOf, ownGroupVersion } from "@dataplane/plugin-host";
import { isUid, uidRule } from "../uid.js";
import { FileEntry } from "./file-entry.js";
import type { ProvisionedEntry, ProvisionedKind, ProvisioningFile } from "./provisioned-kind.js";
import { blankFile, isBlank, listOf, readDocument } from "./yaml-document.js";

/** The uid that Grafana gives a data source whose file names none. */
export const uidOfName = (name: string): string => `P${createHash("sha256").update(name).digest("hex").slice(0, 16).toUpperCase()}`;

/**
 * Reads Grafana's provisioning format (https://grafana.com/docs/grafana/latest/administration/provisioning/#data-sources), version 1
 * and the older one with snake_case keys. Variables are expanded in values only. Throws ProvisioningError.
 */
export function parseProvisioningFile(text: string, env: NodeJS.ProcessEnv): ProvisioningFile {
  const document = readDocument(text, ["datasources", "deleteDatasources", "delete_datasources"]);
  if (document === undefined) return blankFile;
  const keyOf = document["apiVersion"] === 1 ? (name: string): string => name : snakeCase;
  const entries = (key: string): readonly FileEntry[] =>
    listOf(document, key).map((value, index) => new FileEntry({ value, env, keyOf, where: `${key}[${index}]` }));
  return {
    prune: document["prune"] === true,
    isBlank: isBlank(document, ["datasources", keyOf("deleteDatasources")]),
    deletions: entries(keyOf("deleteDatasources")).map((entry) => ({ name: entry.required("name"), namespace: entry.namespace("orgId") })),
    entries: entries("datasources").map(dataSourceOf),
  };
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const textKeys = ["access", "url", "user", "database", "basicAuthUser"] as const;
const flagKeys = ["isDefault", "basicAuth", "withCredentials"] as const;

function dataSourceOf(entry: FileEntry): ProvisionedEntry {
  const name = entry.required("name");
  const uid = entry.text("uid") ?? uidOfName(name);
  if (!isUid(uid)) throw entry.wrong("uid", uidRule);
  const jsonData = entry.mapping("jsonData");
  const present = (key: string, value: JsonValue | undefined): readonly [string, JsonValue][] => (value === undefined ? [] : [[key, value]]);
  return {
    namespace: entry.namespace("orgId"),
    name: uid,
    pluginId: entry.required("type"),
    spec: {
      title: name,
      access: "proxy",
      ...Object.fromEntries(textKeys.flatMap((key) => present(key, entry.text(key)))),
      ...Object.fromEntries(flagKeys.flatMap((key) => present(key, entry.flag(key)))),
      ...(entry.flag("editable") === true ? {} : { readOnly: true }),
      ...(jsonData === undefined ? {} : { jsonData }),
    },
    secure: entry.secrets(),
  };
}

/** Where a plugin's data sources are; undefined when its id makes no group. */
function dataSourcesOf(pluginId: string): ResourceRef | undefined {
  const group = ownGroupOf(pluginId);
  return group === undefined ? undefined : { group, version: ownGroupVersion, resource: "datasources", namespaced: true };
}

/** `<provisioning>/datasources`. */
export const provisionedDataSources: ProvisionedKind = {
  kind: "DataSource",
  words: "data source",
  nameWords: "uid",
  parse: parseProvisioningFile,
  resourceOf: dataSourcesOf,
  resources: (plugins) => plugins.list().flatMap(({ id }) => dataSourcesOf(id) ?? []),
};
