import type { Handler } from "@dataplane/meta";
import type { WatchCache } from "../../watch-cache.js";
import { webhookConfigurationGroup } from "./webhook-configurations.js";

const writes: ReadonlySet<string> = new Set(["create", "update", "patch", "delete", "deletecollection"]);

/** Answers a write of a webhook configuration when the cache has it: the next request, whoever sends it, is asked about. */
export const obeyingConfigurations =
  (cache: WatchCache, delegate: Handler): Handler =>
  async (request) => {
    const { info } = request.context;
    const response = await delegate(request);
    if (info?.isResourceRequest === true && info.group === webhookConfigurationGroup && writes.has(info.verb)) await cache.fresh();
    return response;
  };
