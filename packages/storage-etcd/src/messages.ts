import type { Int64 } from "./codec.js";

// Requests and responses of ../proto/etcd.proto. What is optional in a request has its zero value when it is left out.

export interface ResponseHeader {
  readonly revision: Int64;
}

export interface KeyValue {
  readonly key: Uint8Array;
  readonly createRevision: Int64;
  readonly modRevision: Int64;
  readonly value: Uint8Array;
}

export interface RangeRequest {
  readonly key: Uint8Array;
  readonly rangeEnd?: Uint8Array;
  readonly limit?: number;
  readonly revision?: number;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
}

export interface RangeResponse {
  readonly header: ResponseHeader | null;
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
}

/** One of them. */
export interface RequestOp {
  readonly requestRange?: RangeRequest;
  readonly requestPut?: { readonly key: Uint8Array; readonly value: Uint8Array; readonly lease?: number };
  readonly requestDeleteRange?: { readonly key: Uint8Array; readonly prevKv?: boolean };
}

export interface ResponseOp {
  readonly responseRange: RangeResponse | null;
  readonly responseDeleteRange: { readonly prevKvs: readonly KeyValue[] } | null;
}

export interface Compare {
  readonly target: number;
  readonly key: Uint8Array;
  readonly modRevision: number;
}

export interface TxnRequest {
  readonly compare: readonly Compare[];
  readonly success: readonly RequestOp[];
  readonly failure: readonly RequestOp[];
}

export interface TxnResponse {
  readonly header: ResponseHeader | null;
  readonly succeeded: boolean;
  readonly responses: readonly ResponseOp[];
}

export interface WatchRequest {
  readonly createRequest?: {
    readonly key: Uint8Array;
    readonly rangeEnd?: Uint8Array;
    readonly startRevision: number;
    readonly prevKv?: boolean;
    /** Large answers come in several messages. */
    readonly fragment?: boolean;
  };
  readonly progressRequest?: object;
}

export interface WatchEvent {
  /** 0: put, 1: delete. */
  readonly type: number;
  readonly kv: KeyValue | null;
  readonly prevKv: KeyValue | null;
}

export interface WatchResponse {
  readonly header: ResponseHeader | null;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compactRevision: Int64;
  readonly cancelReason: string;
  readonly fragment: boolean;
  readonly events: readonly WatchEvent[];
}

export interface StatusResponse {
  readonly version: string;
  /** Alarms among them. */
  readonly errors: readonly string[];
}
