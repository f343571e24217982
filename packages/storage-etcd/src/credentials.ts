import { type ChannelCredentials, credentials } from "@grpc/grpc-js";

/** How to speak TLS with etcd. Certificates and keys are PEM. */
export interface EtcdTls {
  /** `require` only encrypts, `verify-ca` checks whose certificate it is, `verify-full` its name too. */
  readonly mode: "require" | "verify-ca" | "verify-full";
  readonly ca?: Buffer;
  /** Of this client, where etcd asks for one. */
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** Throws when the PEM is none. */
export function credentialsOf(tls: EtcdTls | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const { mode, ca, cert, key } = tls;
  return credentials.createSsl(ca ?? null, key ?? null, cert ?? null, {
    ...(mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
    ...(mode === "require" ? { rejectUnauthorized: false } : {}),
  });
}
