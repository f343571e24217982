import { type Logger, silentLogger } from "@dataplane/meta";
import type { Store } from "@dataplane/storage";
import { Cluster } from "./cluster.js";
import { type EtcdTls, securityOf } from "./credentials.js";
import { EtcdStore } from "./etcd-store.js";
import { isFull, Space } from "./heartbeat.js";
import { KeySpace } from "./key-space.js";
import { KeyValues } from "./key-values.js";
import { Member } from "./member.js";
import { status } from "./methods.js";
import { refusal } from "./store-error.js";

export interface OpenEtcdStoreOptions {
  /** host:port of each member. */
  readonly hosts: readonly string[];
  /** What the keys in etcd begin with. */
  readonly prefix: string;
  /** Absent where etcd has no users, or knows them by their certificates. */
  readonly user?: string;
  readonly password?: string;
  /** Absent: no TLS. */
  readonly tls?: EtcdTls;
  readonly logger?: Logger;
}

/** Opens a store in an etcd cluster of version 3.4 or later. Throws StoreUnavailable when no member answers, or the user is refused. */
export async function openEtcdStore({ hosts, prefix, user, password = "", tls, logger = silentLogger }: OpenEtcdStoreOptions): Promise<Store> {
  const members = hosts.map((host) => new Member(host, securityOf(tls, host)));
  const cluster = new Cluster({ members, login: user === undefined ? undefined : { user, password }, logger });
  const keys = new KeySpace(prefix);
  const space = new Space();
  const onNoSpace = (): void => {
    space.isFull = true;
  };
  const values = new KeyValues({ cluster, keys, onNoSpace });
  try {
    const { version, errors } = await cluster.read(status, {});
    space.isFull = isFull(errors);
    const revision = await values.revision();
    logger.info({ member: cluster.current.address, version }, "keeps its objects in etcd");
    return new EtcdStore({ cluster, keys, logger }, values, space, revision).start();
  } catch (thrown) {
    cluster.close();
    throw refusal(thrown);
  }
}
