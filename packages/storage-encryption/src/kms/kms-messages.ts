import $protobuf from "protobufjs/minimal.js";

// The messages of https://github.com/kubernetes/kms/blob/master/apis/v2/api.proto, and the EncryptedObject that kube-apiserver stores. There
// are few of them, with few fields: they are written out here.

const { Reader, Writer } = $protobuf;

export type Annotations = ReadonlyMap<string, Uint8Array>;

export interface KmsStatus {
  readonly version: string;
  /** "ok", or why not. */
  readonly healthz: string;
  readonly keyId: string;
}

/** A small secret as the plugin has sealed it. */
export interface KmsCiphertext {
  readonly ciphertext: Uint8Array;
  readonly keyId: string;
  readonly annotations: Annotations;
}

export interface EncryptedObject {
  readonly encryptedData: Uint8Array;
  readonly source: KmsCiphertext;
  /** 0: the source is the AES-GCM key. 1: it is a seed, from which HKDF makes a key for each value. */
  readonly sourceType: number;
}

const nothing: Uint8Array = new Uint8Array();
const length = 2;
const bytesField = (field: number): number => (field << 3) | length;

type WriterOf = $protobuf.Writer;
type ReaderOf = $protobuf.Reader;

const bytes = (writer: WriterOf, field: number, value: Uint8Array): WriterOf =>
  value.byteLength === 0 ? writer : writer.uint32(bytesField(field)).bytes(value);
const text = (writer: WriterOf, field: number, value: string): WriterOf => (value === "" ? writer : writer.uint32(bytesField(field)).string(value));

function annotations(writer: WriterOf, field: number, map: Annotations): WriterOf {
  for (const [key, value] of map)
    writer.uint32(bytesField(field)).fork().uint32(bytesField(1)).string(key).uint32(bytesField(2)).bytes(value).ldelim();
  return writer;
}

/** Calls `take` for each field; it reads it and gives true, or gives false for one that it does not know. */
function eachField(input: Uint8Array, take: (field: number, reader: ReaderOf) => boolean): void {
  const reader = Reader.create(input);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (!take(tag >>> 3, reader)) reader.skipType(tag & 7);
  }
}

function readAnnotation(reader: ReaderOf, into: Map<string, Uint8Array>): void {
  let key = "";
  let value = nothing;
  eachField(reader.bytes(), (field, inner) => {
    if (field === 1) key = inner.string();
    else if (field === 2) value = inner.bytes();
    else return false;
    return true;
  });
  into.set(key, value);
}

export const statusRequest = new Uint8Array();

export function readStatus(input: Uint8Array): KmsStatus {
  const found = ["", "", "", ""];
  eachField(input, (field, reader) => {
    if (field < 1 || field > 3) return false;
    found[field] = reader.string();
    return true;
  });
  const [, version = "", healthz = "", keyId = ""] = found;
  return { version, healthz, keyId };
}

export const encryptRequest = (plaintext: Uint8Array, uid: string): Uint8Array => text(bytes(Writer.create(), 1, plaintext), 2, uid).finish();

export function readEncryptResponse(input: Uint8Array): KmsCiphertext {
  let ciphertext = nothing;
  let keyId = "";
  const notes = new Map<string, Uint8Array>();
  eachField(input, (field, reader) => {
    if (field === 1) ciphertext = reader.bytes();
    else if (field === 2) keyId = reader.string();
    else if (field === 3) readAnnotation(reader, notes);
    else return false;
    return true;
  });
  return { ciphertext, keyId, annotations: notes };
}

export const decryptRequest = ({ ciphertext, keyId, annotations: notes }: KmsCiphertext, uid: string): Uint8Array =>
  annotations(text(text(bytes(Writer.create(), 1, ciphertext), 2, uid), 3, keyId), 4, notes).finish();

export function readDecryptResponse(input: Uint8Array): Uint8Array {
  let plaintext = nothing;
  eachField(input, (field, reader) => {
    if (field !== 1) return false;
    plaintext = reader.bytes();
    return true;
  });
  return plaintext;
}

export function writeEncryptedObject({ encryptedData, source, sourceType }: EncryptedObject): Uint8Array {
  const writer = bytes(text(bytes(Writer.create(), 1, encryptedData), 2, source.keyId), 3, source.ciphertext);
  annotations(writer, 4, source.annotations);
  return (sourceType === 0 ? writer : writer.uint32(5 << 3).uint32(sourceType)).finish();
}

/** Throws for what is no EncryptedObject. */
export function readEncryptedObject(input: Uint8Array): EncryptedObject {
  let encryptedData = nothing;
  let ciphertext = nothing;
  let keyId = "";
  let sourceType = 0;
  const notes = new Map<string, Uint8Array>();
  eachField(input, (field, reader) => {
    if (field === 1) encryptedData = reader.bytes();
    else if (field === 2) keyId = reader.string();
    else if (field === 3) ciphertext = reader.bytes();
    else if (field === 4) readAnnotation(reader, notes);
    else if (field === 5) sourceType = reader.uint32();
    else return false;
    return true;
  });
  if (encryptedData.byteLength === 0 || ciphertext.byteLength === 0 || keyId === "" || sourceType > 1) throw new Error("the sealed value is damaged");
  return { encryptedData, source: { ciphertext, keyId, annotations: notes }, sourceType };
}
