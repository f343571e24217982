import { mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { appsNamespace, manifestOnDisk } from "@dataplane/app-manifests";
import type { ApiClient, ResourceRef } from "@dataplane/client";
import { ApiError, type ApiObject, type Clock, isJsonObject, type Logger, tolerating, unlessAborted } from "@dataplane/meta";
import type { FoundPlugin, PluginSource } from "@dataplane/plugin-host";
import type { Live } from "../tls/live.js";
import { writeFileAtomically } from "../write-file.js";
import { appKubeconfig } from "./app-kubeconfig.js";

export interface AppCredentialsOptions {
  /** As the control plane. */
  readonly client: ApiClient;
  /** Who is gone here needs no token any more. */
  readonly plugins: Pick<PluginSource, "get">;
  /** Of `<id>/kubeconfig`, `<id>/token` and `<id>/ca.crt`. */
  readonly directory: string;
  /** The CA of this server's certificate, PEM. */
  readonly serving: Live<{ readonly ca: string }>;
  /** That tokens are asked for; an hour unless told. */
  readonly lifetimeSeconds?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

const accountsRef: ResourceRef = { group: "", version: "v1", resource: "serviceaccounts", namespaced: true };
/** When so much of a token's life is over, the next one is asked for. */
const renewAfter = 0.8;
const lookMs = 5_000;
const retryMs = 250;

interface Issued {
  /** Of the ServiceAccount: one that was made anew has other tokens. */
  readonly accountUid: string;
  /** Milliseconds since the epoch. */
  readonly renewAt: number;
}

/** Gives each app with a manifest the address of this server, its CA, and a token of the app's own ServiceAccount, which is renewed in its file. */
export class AppCredentials {
  readonly #options: AppCredentialsOptions;
  /** By plugin. */
  readonly #issued = new Map<string, Issued>();
  #listening: (address: string) => void = () => undefined;
  readonly #address = new Promise<string>((resolve) => {
    this.#listening = resolve;
  });

  constructor(options: AppCredentialsOptions) {
    this.#options = options;
  }

  /** The HTTPS address of this server is known: `https://127.0.0.1:6443`. */
  listensAt(address: string): void {
    this.#listening(address);
  }

  /**
   * The environment of a plugin's process: KUBECONFIG for an app whose folder has a manifest. Waits until the files are there, which is when
   * this server listens and the manifest's ServiceAccount was made.
   */
  async environmentFor({ json, directory }: Pick<FoundPlugin, "json" | "directory">, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    if (manifestOnDisk(directory).manifest === undefined) return {};
    const address = await unlessAborted(this.#address, signal);
    const folder = path.join(this.#options.directory, json.id);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    await this.#firstToken(json.id, signal);
    this.#write(json.id, "ca.crt", this.#options.serving.current.ca);
    this.#write(json.id, "kubeconfig", appKubeconfig({ server: address, namespace: appsNamespace, user: json.id }));
    return { KUBECONFIG: path.join(folder, "kubeconfig") };
  }

  /** Renews tokens until `signal` aborts; then the files go. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, serving, directory } = this.#options;
    const stop = serving.onChange(({ ca }) => {
      for (const id of this.#issued.keys()) this.#write(id, "ca.crt", ca);
    });
    const isOver = (): boolean => signal.aborted;
    while (!isOver()) {
      await clock.sleep(lookMs, signal).catch(() => undefined);
      if (!isOver()) await this.#renew(signal);
    }
    stop();
    rmSync(directory, { recursive: true, force: true });
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { plugins, directory, logger } = this.#options;
    for (const [id, issued] of this.#issued) {
      if (plugins.get(id) === undefined) {
        this.#issued.delete(id);
        rmSync(path.join(directory, id), { recursive: true, force: true });
        continue;
      }
      await this.#renewOne(id, issued, signal).catch((thrown: unknown) => {
        if (!signal.aborted) logger.warn({ plugin: id, reason: ApiError.from(thrown).reason }, "an app's token could not be renewed yet");
      });
    }
  }

  async #renewOne(id: string, { accountUid, renewAt }: Issued, signal: AbortSignal): Promise<void> {
    const account = await tolerating(this.#options.client.get<ApiObject>(accountsRef, { name: id, namespace: appsNamespace }, signal), "NotFound");
    // Without its manifest an app has no account; both may come back.
    if (account === undefined) return;
    const isNew = account.metadata.uid !== accountUid;
    if (isNew || renewAt <= this.#options.clock.now().getTime()) await this.#issue(id, signal);
  }

  /** The account is made from the manifest, a moment after the plugin was found. */
  async #firstToken(id: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await this.#issue(id, signal);
        return;
      } catch (thrown) {
        signal.throwIfAborted();
        const { reason, code } = ApiError.from(thrown);
        if (reason !== "NotFound" && code < 500) throw thrown;
      }
      await this.#options.clock.sleep(retryMs, signal);
    }
  }

  async #issue(id: string, signal: AbortSignal): Promise<void> {
    const { client, clock, lifetimeSeconds = 3_600 } = this.#options;
    const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: lifetimeSeconds } };
    const ref = { name: id, namespace: appsNamespace };
    const { metadata } = await client.get<ApiObject>(accountsRef, ref, signal);
    const { status } = await client.createSubresource<ApiObject>(accountsRef, { ...ref, subresource: "token" }, request, signal);
    const token = isJsonObject(status) ? status["token"] : undefined;
    if (typeof token !== "string") throw new Error("a TokenRequest was answered without a token");
    this.#write(id, "token", token);
    // A server may grant less than it is asked for.
    const said = isJsonObject(status) ? status["expirationTimestamp"] : undefined;
    const ends = typeof said === "string" ? Date.parse(said) : Number.NaN;
    const now = clock.now().getTime();
    const lifetimeMs = Number.isNaN(ends) ? lifetimeSeconds * 1_000 : ends - now;
    this.#issued.set(id, { accountUid: metadata.uid ?? "", renewAt: now + lifetimeMs * renewAfter });
  }

  #write(id: string, name: string, content: string): void {
    writeFileAtomically(path.join(this.#options.directory, id, name), content, 0o600);
  }
}
