import type { StoredResources } from "@dataplane/aggregator";
import type { ApiSource } from "@dataplane/apiserver";
import { apiVersionOf, type GroupVersion } from "@dataplane/meta";
import type { StoredRecord } from "./messages.js";

/** What the API server serves, and of these groups and versions those that are another server's, to be told to workers. */
export function storedRecord(source: ApiSource, remote: readonly GroupVersion[]): StoredRecord {
  const served = source.served();
  return {
    groups: [...new Set(served.map(({ group }) => group))],
    resources: served.flatMap(({ group, version, resources }) => resources.map(({ name }) => `${group}/${version}/${name}`)),
    remote: remote.map(apiVersionOf),
  };
}

/** The same, as a worker's routes ask for it. */
export class ToldResources implements StoredResources {
  #groups: ReadonlySet<string> = new Set();
  #resources: ReadonlySet<string> = new Set();
  #remote: ReadonlySet<string> = new Set();

  constructor(record: StoredRecord) {
    this.become(record);
  }

  become({ groups, resources, remote }: StoredRecord): void {
    this.#groups = new Set(groups);
    this.#resources = new Set(resources);
    this.#remote = new Set(remote);
  }

  hasGroup(group: string): boolean {
    return this.#groups.has(group);
  }

  hasResource(group: string, version: string, plural: string): boolean {
    return this.#resources.has(`${group}/${version}/${plural}`);
  }

  hasSubresource(group: string, version: string, plural: string, subresource: string): boolean {
    return this.#resources.has(`${group}/${version}/${plural}/${subresource}`);
  }

  isRemote(groupVersion: GroupVersion): boolean {
    return this.#remote.has(apiVersionOf(groupVersion));
  }
}
