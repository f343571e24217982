import { createHash } from "node:crypto";
import { isIP } from "node:net";
import { type ConnectionOptions, checkServerIdentity } from "node:tls";
import type { ApiService } from "../apiservice.js";
import type { RemoteAddress } from "./service-resolver.js";

/** Whom this server is to those behind it; PEM. */
export interface FrontProxyCredentials {
  readonly key: string;
  readonly cert: string;
}

/** One server behind, as connections are opened to it. */
export interface RemoteTarget {
  /** The same for whom a connection of the one will do for the other. */
  readonly id: string;
  /** For people, and for the Host header: `<name>:<port>`. */
  readonly authority: string;
  /** `ALPNProtocols` is left to who connects. */
  readonly tls: ConnectionOptions;
}

/** Joins what an APIService says of a server, where that is, and who we are. */
export function remoteTarget(
  { caBundle, insecureSkipTlsVerify }: Pick<ApiService, "caBundle" | "insecureSkipTlsVerify">,
  { host, port, serverNames }: RemoteAddress,
  { key, cert }: FrontProxyCredentials,
): RemoteTarget {
  const asked = serverNames.find((name) => isIP(name) === 0);
  return {
    id: createHash("sha256")
      .update(JSON.stringify([host, port, serverNames, caBundle ?? "", insecureSkipTlsVerify, cert]))
      .digest("base64"),
    authority: `${asked ?? host}:${port}`,
    tls: {
      ...{ host, port, key, cert },
      ...(asked === undefined ? {} : { servername: asked }),
      ...(caBundle === undefined ? {} : { ca: caBundle }),
      minVersion: "TLSv1.2",
      rejectUnauthorized: !insecureSkipTlsVerify,
      checkServerIdentity: (_host, certificate) => {
        const errors = serverNames.map((name) => checkServerIdentity(name, certificate));
        return errors.includes(undefined) ? undefined : errors[0];
      },
    },
  };
}
