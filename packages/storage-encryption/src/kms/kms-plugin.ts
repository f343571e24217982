import { randomUUID } from "node:crypto";
import { StoreUnavailable } from "@dataplane/storage";
import type { Client } from "@grpc/grpc-js";
import {
  decryptRequest,
  encryptRequest,
  type KmsCiphertext,
  type KmsStatus,
  readDecryptResponse,
  readEncryptResponse,
  readStatus,
  statusRequest,
} from "./kms-messages.js";

/** A key management service, behind a plugin on this machine. Calls throw StoreUnavailable when it does not answer, a plain Error when it refuses. */
export interface KmsPlugin {
  status(): Promise<KmsStatus>;
  encrypt(plaintext: Uint8Array): Promise<KmsCiphertext>;
  decrypt(sealed: KmsCiphertext): Promise<Uint8Array>;
}

export interface KmsPluginOptions {
  /** Of the provider, for messages. */
  readonly name: string;
  /** Path of its socket. */
  readonly socket: string;
  readonly timeoutMs: number;
}

const idleMs = 60_000;
const longestKeyId = 1_024;

/** Speaks https://github.com/kubernetes/kms/blob/master/apis/v2/api.proto. The library is loaded by the first call. */
export function openKmsPlugin({ name, socket, timeoutMs }: KmsPluginOptions): KmsPlugin {
  let connecting: Promise<Client> | undefined;
  const call = async <T>(method: string, request: Uint8Array, read: (answer: Uint8Array) => T): Promise<T> => {
    connecting ??= connect(socket);
    const client = await connecting;
    const answer = await new Promise<Buffer>((resolve, reject) => {
      const path = `/v2.KeyManagementService/${method}`;
      const identity = (message: Buffer): Buffer => message;
      client.makeUnaryRequest(path, identity, identity, Buffer.from(request), { deadline: Date.now() + timeoutMs }, (error, response) => {
        if (error === null && response !== undefined) resolve(response);
        else reject(asFailure(name, socket, error));
      });
    });
    return read(answer);
  };
  return {
    status: () => call("Status", statusRequest, readStatus),
    async encrypt(plaintext) {
      const sealed = await call("Encrypt", encryptRequest(plaintext, randomUUID()), readEncryptResponse);
      if (sealed.ciphertext.byteLength === 0 || sealed.keyId === "" || sealed.keyId.length > longestKeyId) {
        throw new Error(`the kms plugin ${name} gave no ciphertext, or no key id`);
      }
      return sealed;
    },
    decrypt: (sealed) => call("Decrypt", decryptRequest(sealed, randomUUID()), readDecryptResponse),
  };
}

async function connect(socket: string): Promise<Client> {
  const grpc = await import("@grpc/grpc-js");
  return new grpc.Client(`unix://${socket}`, grpc.credentials.createInsecure(), { "grpc.client_idle_timeout_ms": idleMs });
}

// Of https://grpc.io/docs/guides/status-codes/: the plugin, or what it asks, is away.
const passing = new Set([1, 4, 8, 14]);

function asFailure(name: string, socket: string, error: { readonly code: number; readonly details: string } | null): Error {
  const details = error === null ? "no answer" : error.details;
  if (error === null || passing.has(error.code)) return new StoreUnavailable(`the kms plugin ${name} at ${socket} does not answer: ${details}`);
  return new Error(`the kms plugin ${name} refuses: ${details}`);
}
