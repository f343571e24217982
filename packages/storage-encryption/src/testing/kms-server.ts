import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type handleUnaryCall, Server, ServerCredentials, type ServiceDefinition, status } from "@grpc/grpc-js";
import $protobuf from "protobufjs/minimal.js";

/** A key management service as conformance/kms-plugin is one, within the test. */
export interface TestKms {
  readonly socket: string;
  /** Words that keys are made of; the first one seals. */
  words: readonly string[];
  /** "ok", or why it is not well. */
  health: string;
  /** How often it was asked what. */
  readonly calls: { status: number; encrypt: number; decrypt: number };
  stop(): Promise<void>;
  /** Again, at the same socket. */
  start(): Promise<void>;
}

const { Reader, Writer } = $protobuf;
const nonceBytes = 12;
const tagBytes = 16;

const keyOf = (word: string): Buffer => createHash("sha256").update(word).digest();

function seal(word: string, plain: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", keyOf(word), nonce);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function open(word: string, sealed: Uint8Array): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", keyOf(word), sealed.subarray(0, nonceBytes), { authTagLength: tagBytes }).setAuthTag(
    sealed.subarray(-tagBytes),
  );
  return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]);
}

/** The fields of a message that are bytes or text; the last one of a number counts. */
function fieldsOf(message: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const reader = Reader.create(message);
  const fields = new Map<number, Uint8Array>();
  while (reader.pos < reader.len) fields.set(reader.uint32() >>> 3, reader.bytes());
  return fields;
}

const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("utf8");

export async function startKms(): Promise<TestKms> {
  const folder = mkdtempSync(path.join(tmpdir(), "dataplane-kms-"));
  const socket = path.join(folder, "kms.sock");
  const calls = { status: 0, encrypt: 0, decrypt: 0 };
  let server: Server | undefined;
  const kms: TestKms = {
    socket,
    words: ["first-word"],
    health: "ok",
    calls,
    async start() {
      server = serverOf(kms);
      const started = server;
      await new Promise<void>((resolve, reject) => {
        started.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error)));
      });
    },
    stop() {
      server?.forceShutdown();
      rmSync(socket, { force: true });
      return Promise.resolve();
    },
  };
  await kms.start();
  return kms;
}

function serverOf(kms: TestKms): Server {
  const answers: Record<string, (request: Buffer) => Uint8Array> = {
    Status: () => {
      kms.calls.status += 1;
      return Writer.create()
        .uint32(10)
        .string("v2")
        .uint32(18)
        .string(kms.health)
        .uint32(26)
        .string(kms.words[0] ?? "")
        .finish();
    },
    Encrypt: (request) => {
      kms.calls.encrypt += 1;
      const [word = ""] = kms.words;
      const note = Writer.create().uint32(10).string("version.kms.dataplane.example").uint32(18).bytes(Buffer.from("1")).finish();
      return Writer.create()
        .uint32(10)
        .bytes(seal(word, fieldsOf(request).get(1) ?? new Uint8Array()))
        .uint32(18)
        .string(word)
        .uint32(26)
        .bytes(note)
        .finish();
    },
    Decrypt: (request) => {
      kms.calls.decrypt += 1;
      const fields = fieldsOf(request);
      const word = textOf(fields.get(3));
      if (!kms.words.includes(word)) throw new Error(`there is no key ${word}`);
      if (!textOf(fields.get(4)).includes("version.kms")) throw new Error("the annotations were lost");
      return Writer.create()
        .uint32(10)
        .bytes(open(word, fields.get(1) ?? new Uint8Array()))
        .finish();
    },
  };
  const identity = (message: Buffer): Buffer => message;
  const method = (name: string) => ({
    ...{ path: `/v2.KeyManagementService/${name}`, requestStream: false, responseStream: false },
    ...{ requestSerialize: identity, requestDeserialize: identity, responseSerialize: identity, responseDeserialize: identity },
  });
  const names = Object.keys(answers);
  const service: ServiceDefinition = Object.fromEntries(names.map((name) => [name, method(name)]));
  const handlers = names.map((name): [string, handleUnaryCall<Buffer, Buffer>] => [
    name,
    ({ request }, respond) => {
      try {
        respond(null, Buffer.from(answers[name]?.(request) ?? []));
      } catch (error) {
        respond({ code: status.UNKNOWN, details: error instanceof Error ? error.message : String(error) });
      }
    },
  ]);
  const server = new Server();
  server.addService(service, Object.fromEntries(handlers));
  return server;
}
