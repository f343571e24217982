export type { EtcdTls } from "./credentials.js";
export { type OpenEtcdStoreOptions, openEtcdStore } from "./open-etcd-store.js";
