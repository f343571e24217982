import { StoreDamaged, StoreUnavailable } from "@dataplane/storage";
import { EtcdFault, GrpcCode } from "./etcd-fault.js";

/** What a store throws where etcd refused a call for a reason that is not the caller's. */
export function refusal(thrown: unknown): unknown {
  if (!(thrown instanceof EtcdFault)) return thrown;
  if (thrown.code === GrpcCode.DataLoss) return new StoreDamaged(`etcd says: ${thrown.details}`, undefined, { cause: thrown });
  return new StoreUnavailable(`etcd refuses: ${thrown.details}`, { cause: thrown });
}
