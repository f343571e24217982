import { expect, test } from "vitest";
import { ConfigError } from "./config/load-config.js";
import { databaseSettings } from "./config/settings/database.js";
import { hostAndPort, storeLocation } from "./store-location.js";

type Settings = Parameters<typeof storeLocation>[0];

const defaults: Settings = {
  dataPath: "/data",
  databaseType: "sqlite3",
  databaseUrl: databaseSettings.databaseUrl.default,
  databaseHost: databaseSettings.databaseHost.default,
  databaseName: databaseSettings.databaseName.default,
  databaseUser: "",
  databasePassword: "",
  databasePath: databaseSettings.databasePath.default,
  databaseSslMode: "",
  databaseCaCertPath: "",
  databaseClientCertPath: "",
  databaseClientKeyPath: "",
  databaseMaxOpenConn: 8,
  storageType: "",
  etcdServers: "",
  etcdPrefix: databaseSettings.etcdPrefix.default,
};

const at = (settings: Partial<Settings>) => storeLocation({ ...defaults, ...settings });

test("without a setting it is a SQLite file under data", () => {
  expect(at({})).toEqual({ engine: "sqlite3", path: "/data/dataplane.db" });
  expect(at({ databasePath: "/elsewhere/a.db" })).toEqual({ engine: "sqlite3", path: "/elsewhere/a.db" });
});

test.each([
  ["sqlite3:///var/lib/a.db", "/var/lib/a.db"],
  ["sqlite3://sub/a.db", "/data/sub/a.db"],
])("a file may be told as a URL: %s", (databaseUrl, path) => {
  expect(at({ databaseUrl })).toEqual({ engine: "sqlite3", path });
});

test.each([
  ["postgres://me:pass@db.example/things", { engine: "postgres", hosts: ["db.example:5432"], name: "things", user: "me", password: "pass" }],
  ["postgresql://me:p%40%2Fss%25@db:6000", { engine: "postgres", hosts: ["db:6000"], name: "dataplane", user: "me", password: "p@/ss%" }],
  ["mysql://me@[::1]/things", { engine: "mysql", hosts: ["[::1]:3306"], name: "things", user: "me" }],
  ["etcd://a,b:1,c:2/shared/here", { engine: "etcd", hosts: ["a:2379", "b:1", "c:2"], name: "/shared/here" }],
  ["etcd://root:x@a", { engine: "etcd", hosts: ["a:2379"], name: "/dataplane", user: "root", password: "x" }],
])("a URL is the whole of it: %s", (databaseUrl, expected) => {
  expect(at({ databaseUrl })).toEqual({ ...expected, maxConnections: 8 });
});

test("keys of their own do without a URL", () => {
  expect(
    at({ databaseType: "postgres", databaseHost: "db:1", databaseUser: "me", databasePassword: "x", databaseName: "n", databaseMaxOpenConn: 3 }),
  ).toEqual({
    ...{ engine: "postgres", hosts: ["db:1"], user: "me", password: "x", name: "n", maxConnections: 3 },
  });
});

test("storage_type = etcd is another name for type = etcd, with servers of its own", () => {
  const settings = { storageType: "etcd", etcdServers: "https://a:1, https://b:2" } as const;
  expect(at(settings)).toEqual({ engine: "etcd", hosts: ["a:1", "b:2"], name: "/dataplane", tls: { mode: "verify-full" }, maxConnections: 8 });
  expect(at({ ...settings, databaseType: "etcd", etcdPrefix: "/x" })).toMatchObject({ name: "/x" });
  expect(at({ storageType: "unified" })).toMatchObject({ engine: "sqlite3" });
});

const postgres = { databaseUrl: "postgres://me@db/n" } as const;

test.each([
  [{}, undefined],
  [{ databaseSslMode: "require" }, { mode: "require" }],
  [{ databaseCaCertPath: "/ca" }, { mode: "verify-full", caFile: "/ca" }],
  [
    { databaseCaCertPath: "/ca", databaseSslMode: "verify-ca" },
    { mode: "verify-ca", caFile: "/ca" },
  ],
  [{ databaseUrl: "postgres://me@db/n?sslmode=verify-ca&sslrootcert=/ca" }, { mode: "verify-ca", caFile: "/ca" }],
  [
    { databaseSslMode: "verify-full", databaseClientCertPath: "/c", databaseClientKeyPath: "/k" },
    { mode: "verify-full", certFile: "/c", keyFile: "/k" },
  ],
] as const)("TLS by %j", (settings, tls) => {
  expect(at({ ...postgres, ...settings })).toEqual({ ...at(postgres), ...(tls === undefined ? {} : { tls }) });
});

test.each([
  [{ ...postgres, databaseType: "mysql" }, "[database] url is postgres, but [database] type = mysql is mysql"],
  [{ ...postgres, storageType: "etcd" }, "[database] url is postgres, but [grafana-apiserver] storage_type = etcd is etcd"],
  [
    { databaseType: "mysql", storageType: "etcd", databaseUser: "me" },
    "[database] type = mysql is mysql, but [grafana-apiserver] storage_type = etcd",
  ],
  [{ ...postgres, databaseHost: "other" }, "[database] host contradicts [database] url"],
  [{ ...postgres, databaseName: "other" }, "[database] name contradicts [database] url"],
  [{ ...postgres, databaseUser: "other" }, "[database] user contradicts [database] url"],
  [{ databaseUrl: "postgres://me:s3cret@db/n", databasePassword: "other" }, "[database] password contradicts [database] url"],
  [{ databaseUrl: "postgres://me@db/n?sslmode=require", databaseSslMode: "disable" }, "[database] ssl_mode contradicts [database] url"],
  [{ databaseUrl: "sqlite3:///a.db", databasePath: "b.db" }, "[database] path contradicts [database] url"],
  [{ ...postgres, etcdServers: "a:1" }, "[grafana-apiserver] etcd_servers is set, but the store is postgres"],
  [{ databaseUrl: "etcd://a", etcdServers: "b:1" }, "[grafana-apiserver] etcd_servers names others than [database] url"],
  [{ databaseUrl: "etcd://a/x", etcdPrefix: "/y" }, "[grafana-apiserver] etcd_prefix contradicts [database] url"],
  [{ storageType: "etcd", etcdServers: "https://a,http://b" }, "[grafana-apiserver] etcd_servers: some servers have another scheme"],
  [{ storageType: "etcd", etcdServers: "http://a", databaseSslMode: "require" }, "[database] ssl_mode = require contradicts http://"],
  [{ databaseUrl: "postgres://me@a,b/n" }, "[database] host: postgres takes one host, not 2"],
  [{ databaseType: "postgres" }, "[database] user is empty"],
  [{ ...postgres, databaseClientCertPath: "/c" }, "[database] client_cert_path and [database] client_key_path come together"],
  [{ ...postgres, databaseClientCertPath: "/c", databaseClientKeyPath: "/k" }, "[database] ssl_mode is disable"],
  [{ databaseUrl: "postgres://me@db/n?sslmode=prefer" }, '[database] url: sslmode is disable, require, verify-ca or verify-full, not "prefer"'],
  [{ databaseUrl: "postgres://me@db/n?application_name=x" }, '[database] url: it has the option "application_name"'],
  [{ databaseUrl: "oracle://me:s3cret@db" }, "[database] url: it must be like postgres://"],
  [{ databaseUrl: "postgres://me:s3c%ret@db" }, "[database] url: it has a % that is not followed"],
  [{ databaseUrl: "postgres://me:s3@cret@db" }, "[database] url: it must be like postgres://"],
  [{ databaseType: "postgres", databaseUser: "me", databaseHost: "a:b:c:port" }, "[database] host"],
] as const satisfies readonly (readonly [Partial<Settings>, string])[])("%j is refused", (settings, message) => {
  expect(() => at(settings)).toThrow(ConfigError);
  expect(() => at(settings)).toThrow(message);
  // The key is named, what it holds is not.
  expect(() => at(settings)).not.toThrow(/s3|cret/);
});

test("host and port of IPv6 are told apart by brackets", () => {
  expect(hostAndPort("[::1]:5")).toEqual({ host: "::1", port: 5 });
  expect(hostAndPort("db:5")).toEqual({ host: "db", port: 5 });
  expect(() => hostAndPort("::1")).toThrow(ConfigError);
});
