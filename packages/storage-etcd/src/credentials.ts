import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import { type ChannelCredentials, type ClientOptions, credentials } from "@grpc/grpc-js";

/** How to speak TLS with etcd. Certificates and keys are PEM. */
export interface EtcdTls {
  /** `require` only encrypts, `verify-ca` checks whose certificate it is, `verify-full` its name too. */
  readonly mode: "require" | "verify-ca" | "verify-full";
  readonly ca?: Buffer;
  /** Of this client, where etcd asks for one. */
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

export interface ChannelSecurity {
  readonly credentials: ChannelCredentials;
  readonly options: ClientOptions;
}

/** For one member; `address` is host:port. Throws when the PEM is none. */
export function securityOf(tls: EtcdTls | undefined, address: string): ChannelSecurity {
  if (tls === undefined) return { credentials: credentials.createInsecure(), options: {} };
  const { mode, ca, cert, key } = tls;
  const host = address.slice(0, address.lastIndexOf(":")).replace(/^\[|\]$/g, "");
  return {
    credentials: credentials.createSsl(ca ?? null, key ?? null, cert ?? null, {
      checkServerIdentity: (_name, shown) => (mode === "verify-full" ? checkServerIdentity(host, shown) : undefined),
      ...(mode === "require" ? { rejectUnauthorized: false } : {}),
    }),
    // An address is no name to ask a server for (RFC 6066, 3).
    options: isIP(host) === 0 ? {} : { "grpc.ssl_target_name_override": "localhost" },
  };
}
