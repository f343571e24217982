import { type Clock, silentLogger } from "@dataplane/meta";
import { exportStore, importIntoStore, type StoreExport, type StoreImport } from "@dataplane/storage";
import { openNetworkExport, openNetworkImport, openSqliteExport, openSqliteImport } from "@dataplane/storage-sql";
import type { Config } from "../config/load-config.js";
import { databaseSettings } from "../config/settings/database.js";
import { networkDialect, openAny } from "../open-store.js";
import { type StoreLocation, storeLocation } from "../store-location.js";

/** The store at that place, to read it beside its servers; `exclusive` keeps them from a file meanwhile. Values stay sealed as they are. */
export async function openExport(location: StoreLocation, clock: Clock, exclusive = false): Promise<StoreExport> {
  switch (location.engine) {
    case "sqlite3":
      return openSqliteExport(location.path, { exclusive });
    case "postgres":
    case "mysql":
      return openNetworkExport(networkDialect(location));
    case "etcd":
      return exportStore(await openAny({ location, clock, logger: silentLogger }));
  }
}

/** The store at that place, to be filled. Rejects with StoreNotEmpty when something is in it. */
export async function openImport(location: StoreLocation, clock: Clock): Promise<StoreImport> {
  switch (location.engine) {
    case "sqlite3":
      return openSqliteImport(location.path);
    case "postgres":
    case "mysql":
      return openNetworkImport(networkDialect(location));
    case "etcd": {
      const store = await openAny({ location, clock, logger: silentLogger });
      try {
        return await importIntoStore({ store, where: nameOf(location), now: () => clock.now().getTime() });
      } catch (error) {
        await store.close();
        throw error;
      }
    }
  }
}

/** For messages; without user and password. */
export function nameOf(location: StoreLocation): string {
  if (location.engine === "sqlite3") return location.path;
  return `${location.engine} at ${location.hosts.join(",")}${location.engine === "etcd" ? "" : "/"}${location.name}`;
}

/** The place that a URL alone tells, whatever the configuration says of its own store. Throws ConfigError. */
export function locationOfUrl(url: string, config: Config): StoreLocation {
  const { databaseType, databaseHost, databaseName, databaseUser, databasePassword, databasePath } = databaseSettings;
  return storeLocation({
    ...config,
    databaseUrl: url,
    databaseType: databaseType.default === "sqlite3" ? "sqlite3" : config.databaseType,
    databaseHost: databaseHost.default,
    databaseName: databaseName.default,
    databaseUser: databaseUser.default,
    databasePassword: databasePassword.default,
    databasePath: databasePath.default,
    databaseSslMode: "",
    databaseCaCertPath: "",
    databaseClientCertPath: "",
    databaseClientKeyPath: "",
    storageType: "",
    etcdServers: "",
    etcdPrefix: databaseSettings.etcdPrefix.default,
  });
}
