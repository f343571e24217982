import { ApiError, type HttpRequest, notFound, type RequestInfo } from "@dataplane/meta";
import { appOf, requireAppAllowed } from "../../legacy/legacy-app.js";
import { pluginOf, requireAllowed } from "../../legacy/legacy-data-source.js";
import type { LegacyOptions } from "../../legacy/legacy-handler.js";
import { callHeaders } from "../../plugin-headers.js";
import { callerOf } from "../../service-types/run-queries.js";
import type { ChannelKey, StreamChannels, StreamPosition, Subscription } from "../channels.js";
import { contextOf } from "../run-channel.js";
import type { LiveChannel } from "./channel-name.js";
import type { LocalChannels } from "./local-channels.js";

export interface LiveSubscribe {
  /** The request that opened the connection, or published: who asks, and with which headers. */
  readonly request: HttpRequest;
  /** JSON; empty when there is none. */
  readonly data: Uint8Array;
  readonly resume?: StreamPosition;
  readonly signal: AbortSignal;
}

type AccessOptions = Pick<LegacyOptions, "plugins" | "contexts" | "authorizer" | "channels" | "owners" | "sendUserHeader">;

/** Channels by their names, for those who may. */
export class LiveAccess {
  readonly #options: AccessOptions;
  readonly #local: LocalChannels;

  constructor(options: AccessOptions, local: LocalChannels) {
    this.#options = options;
    this.#local = local;
  }

  /** Throws ApiError: Forbidden, NotFound, or as the plugin refuses. */
  async subscribe(name: LiveChannel, { request, data, resume, signal }: LiveSubscribe): Promise<Subscription> {
    const key = await this.authorize(name, "get", request);
    const resumed = resume === undefined ? {} : { resume };
    const user = callerOf({ request });
    const { userExpires } = request.context;
    const rights = { check: () => this.#check(name, key, request), ...(userExpires === undefined ? {} : { expires: userExpires }) };
    const asked = { user, data, ...resumed, rights, signal };
    if (key === undefined) return this.#local.subscribe(name, { ...asked, headers: {} });
    const headers = await this.#headers(key, request, signal);
    return this.#streams().subscribe({ ...asked, key, headers });
  }

  /** `data` is JSON. Throws as `subscribe`. */
  async publish(name: LiveChannel, { request, data, signal }: Omit<LiveSubscribe, "resume">): Promise<void> {
    const key = await this.authorize(name, "create", request);
    if (key === undefined) {
      if (name.scope === "stream") throw new ApiError("Forbidden", "streams are published to by POST /api/live/push/<stream>");
      await this.#local.publish(name, data);
      return;
    }
    const headers = await this.#headers(key, request, signal);
    await this.#streams().publish({ key, user: callerOf({ request }), headers, data });
  }

  /** The plugin's stream of that name; undefined when it is this server's own. Throws Forbidden or NotFound. */
  async authorize(name: LiveChannel, verb: "get" | "create", request: HttpRequest): Promise<ChannelKey | undefined> {
    const { namespace, scope, id, path } = name;
    const { plugins, contexts, authorizer, owners } = this.#options;
    if (scope === "ds") {
      const plugin = await pluginOf({ plugins, contexts, ...(owners === undefined ? {} : { owners }) }, { namespace, uid: id }, request);
      await requireAllowed(request, authorizer, { pluginId: plugin.id, namespace, uid: id, verb, subresource: "stream" });
      return { pluginId: plugin.id, namespace, uid: id, path };
    }
    if (scope === "plugin") {
      appOf(plugins, id, "the channel ds/<uid>/<path>");
      await requireAppAllowed(request, authorizer, { pluginId: id, namespace, verb, subresource: "stream" });
      return { pluginId: id, namespace, path };
    }
    if (scope === "grafana" && id !== "broadcast") throw notFound("channels", `grafana/${id}`);
    await this.#requireChannelAllowed(name, verb, request);
    return undefined;
  }

  /** Whether a subscriber may still listen, without asking which plugin it is again. Throws Forbidden. */
  async #check(name: LiveChannel, key: ChannelKey | undefined, request: HttpRequest): Promise<void> {
    const { authorizer } = this.#options;
    const asked = { namespace: name.namespace, verb: "get", subresource: "stream" } as const;
    if (key === undefined) await this.#requireChannelAllowed(name, "get", request);
    else if (key.uid === undefined) await requireAppAllowed(request, authorizer, { ...asked, pluginId: key.pluginId });
    else await requireAllowed(request, authorizer, { ...asked, pluginId: key.pluginId, uid: key.uid });
  }

  /** A stream of a plugin as a channel. */
  nameOf({ pluginId, namespace, uid, path }: ChannelKey): LiveChannel {
    return uid === undefined ? { namespace, scope: "plugin", id: pluginId, path } : { namespace, scope: "ds", id: uid, path };
  }

  #streams(): StreamChannels {
    const { channels } = this.#options;
    if (channels === undefined) throw new ApiError("NotImplemented", "streams are not served here");
    return channels;
  }

  async #headers(key: ChannelKey, request: HttpRequest, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const { contexts, sendUserHeader = false } = this.#options;
    return callHeaders({ request, sendUserHeader }, await contextOf(contexts, { key, user: callerOf({ request }) }, signal));
  }

  /** Channels of no plugin are authorized as `channels` of their namespace. */
  async #requireChannelAllowed({ namespace, scope, id }: LiveChannel, verb: string, request: HttpRequest): Promise<void> {
    const name = `${scope}.${id}`;
    const info: RequestInfo = {
      isResourceRequest: true,
      path: `/apis/${group}/v0alpha1/namespaces/${namespace}/channels/${name}`,
      ...{ verb, group, version: "v0alpha1", namespace, resource: "channels", name, subresource: "" },
      segments: ["namespaces", namespace, "channels", name],
    };
    const user = callerOf({ request });
    if ((await this.#options.authorizer.authorize(user, info)).allowed) return;
    throw new ApiError("Forbidden", `channels.${group} ${JSON.stringify(name)} is forbidden: User ${JSON.stringify(user.name)} cannot ${verb} it`);
  }
}

const group = "live.grafana.app";
