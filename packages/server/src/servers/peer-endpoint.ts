import { type ChannelKey, type ChannelOwners, type LiveChannel, parseChannel, type StreamChannels } from "@dataplane/aggregator";
import { type Authenticator, readBytes } from "@dataplane/apiserver";
import {
  ApiError,
  badRequest,
  dataPlaneUser,
  type Handler,
  type HttpRequest,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type Logger,
  type UserInfo,
  unavailable,
} from "@dataplane/meta";
import { type PluginSource, PluginUnavailable } from "@dataplane/plugin-host";
import { endFrame, framesOf, messageFrame } from "./call-frames.js";
import { passPluginCall } from "./pass-plugin-call.js";
import { peerPath } from "./peers.js";

export interface PeerEndpointOptions {
  /** Who is believed to speak for this store's servers: by the front proxy's certificate. */
  readonly authenticator: Authenticator;
  /** Of this server alone: what was passed on is never passed on again. */
  readonly plugins: PluginSource;
  readonly owners: ChannelOwners;
  /** Absent while there is no data plane. */
  readonly channels: () => StreamChannels | undefined;
  /** To the subscribers here of a channel of Live that has no plugin behind. */
  readonly push: (channel: LiveChannel, data: Uint8Array) => Promise<void>;
  readonly maxMessageBytes: number;
  readonly logger: Logger;
}

interface Asked {
  readonly args: JsonObject;
  readonly payload: Uint8Array;
  readonly signal: AbortSignal;
}

type Operation = (asked: Asked, options: PeerEndpointOptions) => AsyncIterable<Uint8Array>;

/** What one server of a store does for the others, before all filters: nobody but they is let in. */
export function peerEndpoint(options: PeerEndpointOptions, delegate: Handler): Handler {
  return async (request) => {
    if (!request.path.startsWith(peerPath)) return delegate(request);
    const authenticated = async (): Promise<UserInfo | undefined> =>
      (await options.authenticator.authenticate(request)?.catch(() => undefined))?.user;
    // A worker of this server has looked at the certificate already.
    const user = request.context.user ?? (await authenticated());
    // To anybody else it is a path like any other that is not there.
    if (user?.name !== dataPlaneUser.name || request.method !== "POST") return delegate(request);
    const operation = operations.get(request.path.slice(peerPath.length));
    if (operation === undefined) return delegate(request);
    const asked = await askedBy(request, options.maxMessageBytes);
    return { status: 200, headers: { "content-type": "application/octet-stream" }, body: answer(operation, asked, options) };
  };
}

async function askedBy(request: HttpRequest, maxMessageBytes: number): Promise<Asked> {
  const bytes = await readBytes(request, maxMessageBytes + 65_536);
  const parts: Uint8Array[] = [];
  for await (const frame of framesOf(once(bytes), maxMessageBytes)) if (frame.kind === "message") parts.push(frame.data);
  const [head, payload = new Uint8Array()] = parts;
  const args: unknown = head === undefined ? undefined : JSON.parse(Buffer.from(head).toString("utf8"));
  if (!isJsonObject(args)) throw badRequest("no arguments");
  return { args, payload, signal: request.signal };
}

// eslint-disable-next-line @typescript-eslint/require-await -- what is read is here already.
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function* answer(operation: Operation, asked: Asked, options: PeerEndpointOptions): AsyncGenerator<Uint8Array> {
  try {
    for await (const message of operation(asked, options)) yield* messageFrame(message);
    yield endFrame();
  } catch (thrown) {
    if (!asked.signal.aborted && ApiError.from(thrown).reason === "InternalError" && !isOfPlugin(thrown)) {
      options.logger.error({ err: thrown }, "what another server asked for failed");
    }
    yield endFrame(thrown);
  }
}

const isOfPlugin = (thrown: unknown): boolean =>
  thrown instanceof PluginUnavailable ||
  (thrown instanceof Error && thrown.name.includes("Grpc")) ||
  (thrown instanceof Error && thrown.name === "Error");

/** A call of a plugin's process here. */
const call: Operation = (asked, { plugins }) => passPluginCall({ ...asked, plugins });

/** The plugin.json of each plugin here. */
async function* pluginJsons(_asked: Asked, { plugins }: PeerEndpointOptions): AsyncGenerator<Uint8Array> {
  for (const { json } of plugins.list()) yield await Promise.resolve(Buffer.from(JSON.stringify(json.raw)));
}

async function* restart({ args }: Asked, { plugins }: PeerEndpointOptions): AsyncGenerator<Uint8Array> {
  await plugins.get(textOf(args["plugin"]))?.restart();
  yield* [];
}

/** What is published in a channel that this server owns, for the subscribers of another. */
async function* run({ args, payload, signal }: Asked, options: PeerEndpointOptions): AsyncGenerator<Uint8Array> {
  const key = channelKeyOf(args["key"]);
  const channels = owning(key, options);
  const left = new AbortController();
  const leave = (): void => left.abort();
  signal.addEventListener("abort", leave, { once: true });
  const stop = options.owners.onChange(() => {
    if (options.owners.ownerOf(key) !== undefined) leave();
  });
  try {
    const subscription = channels.relay({ key, user: dataPlaneUser, headers: textsOf(args["headers"]), data: payload, signal: left.signal });
    for await (const { data } of subscription.messages) yield data;
    const end = await subscription.over;
    if (end !== "over") throw unavailable("this server does not run the stream any more", 1);
  } finally {
    stop();
    signal.removeEventListener("abort", leave);
    leave();
  }
}

async function* publish({ args, payload }: Asked, options: PeerEndpointOptions): AsyncGenerator<Uint8Array> {
  const key = channelKeyOf(args["key"]);
  const published = await owning(key, options).publish({ key, user: userOf(args["user"]), headers: textsOf(args["headers"]), data: payload });
  if (published !== undefined) yield Buffer.from(JSON.stringify(published));
}

/** Something was published, at another server, in a channel that has no plugin behind. */
async function* push({ args, payload }: Asked, options: PeerEndpointOptions): AsyncGenerator<Uint8Array> {
  const { channel } = args;
  if (!isJsonObject(channel)) throw badRequest("no channel");
  await options.push(parseChannel(textOf(channel["name"]), textOf(channel["namespace"])), payload);
  yield* [];
}

/** Throws ServiceUnavailable for a channel that is another server's: who asked looks again. */
function owning(key: ChannelKey, { owners, channels }: PeerEndpointOptions): StreamChannels {
  const found = channels();
  if (found === undefined || owners.ownerOf(key) !== undefined) throw unavailable("another server runs this stream", 1);
  return found;
}

const operations: ReadonlyMap<string, Operation> = new Map([
  ["call", call],
  ["plugins", pluginJsons],
  ["restart", restart],
  ["run", run],
  ["publish", publish],
  ["push", push],
]);

function channelKeyOf(value: JsonValue | undefined): ChannelKey {
  if (!isJsonObject(value)) throw badRequest("no channel");
  const uid = textOf(value["uid"]);
  return { pluginId: textOf(value["pluginId"]), namespace: textOf(value["namespace"]), path: textOf(value["path"]), ...(uid === "" ? {} : { uid }) };
}

function userOf(value: JsonValue | undefined): UserInfo {
  if (!isJsonObject(value) || textOf(value["name"]) === "") throw badRequest("no user");
  const uid = textOf(value["uid"]);
  const listOf = (it: JsonValue | undefined): readonly string[] => (Array.isArray(it) ? it.filter((text) => typeof text === "string") : []);
  const extra = isJsonObject(value["extra"]) ? value["extra"] : {};
  return {
    name: textOf(value["name"]),
    groups: listOf(value["groups"]),
    ...(uid === "" ? {} : { uid }),
    extra: Object.fromEntries(Object.entries(extra).map(([name, values]) => [name, listOf(values)])),
  };
}

function textsOf(value: JsonValue | undefined): Readonly<Record<string, string>> {
  const entries = isJsonObject(value) ? Object.entries(value) : [];
  return Object.fromEntries(entries.flatMap(([name, text]): [string, string][] => (typeof text === "string" ? [[name, text]] : [])));
}

const textOf = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
