import type { ServiceError } from "@grpc/grpc-js";

/** A gRPC code, by number: https://grpc.io/docs/guides/status-codes/ */
export const GrpcCode = {
  Cancelled: 1,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  PermissionDenied: 7,
  ResourceExhausted: 8,
  FailedPrecondition: 9,
  OutOfRange: 11,
  Unavailable: 14,
  DataLoss: 15,
  Unauthenticated: 16,
} as const;

/** How one call to one member failed. */
export class EtcdFault extends Error {
  override readonly name = "EtcdFault";
  readonly code: number;
  /** What etcd said, or the connection. */
  readonly details: string;

  constructor(code: number, details: string, options?: ErrorOptions) {
    super(details, options);
    this.code = code;
    this.details = details;
  }
}

export const faultOf = (thrown: unknown): EtcdFault =>
  isServiceError(thrown) ? new EtcdFault(thrown.code, thrown.details) : new EtcdFault(2, "the call failed", { cause: thrown });

const isServiceError = (thrown: unknown): thrown is ServiceError =>
  thrown instanceof Error && "code" in thrown && typeof thrown.code === "number" && "details" in thrown && typeof thrown.details === "string";

/** What etcd says of its own: https://github.com/etcd-io/etcd/blob/main/api/v3rpc/rpctypes/error.go */
const says = (text: string) => (fault: EtcdFault) => fault.details === `etcdserver: ${text}`;

export const isCompacted = says("mvcc: required revision has been compacted");
export const isFuture = says("mvcc: required revision is a future revision");
export const isNoSpace = says("mvcc: database space exceeded");
export const isLeaseTaken = says("lease already exists");
const isRequestTooLarge = says("request is too large");
const isInvalidToken = says("invalid auth token");
const isOldAuth = says("revision of auth store is old");
const isNoLeader = says("no leader");
const isTooMany = says("too many requests");
const isLearner = says("rpc not supported for learner");
const isNotCapable = says("not capable");

/** etcd's own limit, or the one of gRPC before it. */
export const isTooLarge = (fault: EtcdFault): boolean =>
  isRequestTooLarge(fault) || (fault.code === GrpcCode.ResourceExhausted && fault.details.includes("larger than max"));

/** The token is over, or its member was restarted, or rights changed: log in again. */
export const isLoggedOut = (fault: EtcdFault): boolean => isInvalidToken(fault) || isOldAuth(fault) || fault.code === GrpcCode.Unauthenticated;

/** The member did nothing with the request, and another one, or the same a little later, may. */
export const isRefused = (fault: EtcdFault): boolean => isNoLeader(fault) || isTooMany(fault) || isLearner(fault) || isNotCapable(fault);

/** No answer: of a read another member may be asked, of a write nothing is known. */
export const isLost = (fault: EtcdFault): boolean =>
  fault.code === GrpcCode.Unavailable ||
  fault.code === GrpcCode.DeadlineExceeded ||
  fault.code === GrpcCode.Cancelled ||
  fault.code === 2 ||
  fault.code === 13;
