import { type Codec, codec } from "./codec.js";
import type { RangeRequest, RangeResponse, StatusResponse, TxnRequest, TxnResponse, WatchRequest, WatchResponse } from "./messages.js";

/** One method of etcd's API: its gRPC path and its messages. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
}

const method = <Request extends object, Response extends object>(path: string, request: string, response: string): Method<Request, Response> => ({
  path: `/etcdserverpb.${path}`,
  request: codec<Request>(request),
  response: codec<Response>(response),
});

export const range = method<RangeRequest, RangeResponse>("KV/Range", "RangeRequest", "RangeResponse");
export const txn = method<TxnRequest, TxnResponse>("KV/Txn", "TxnRequest", "TxnResponse");
export const compact = method<{ readonly revision: number }, object>("KV/Compact", "CompactionRequest", "CompactionResponse");
export const watch = method<WatchRequest, WatchResponse>("Watch/Watch", "WatchRequest", "WatchResponse");
export const leaseGrant = method<{ readonly ID: number; readonly TTL: number }, object>(
  "Lease/LeaseGrant",
  "LeaseGrantRequest",
  "LeaseGrantResponse",
);
export const leaseRevoke = method<{ readonly ID: number }, object>("Lease/LeaseRevoke", "LeaseRevokeRequest", "LeaseRevokeResponse");
export const status = method<object, StatusResponse>("Maintenance/Status", "StatusRequest", "StatusResponse");
export const authenticate = method<{ readonly name: string; readonly password: string }, { readonly token: string }>(
  "Auth/Authenticate",
  "AuthenticateRequest",
  "AuthenticateResponse",
);
