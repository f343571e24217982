import type { ApiService } from "../apiservice.js";

/** Where the server behind an APIService is. */
export interface RemoteAddress {
  /** A DNS name or an IP address. */
  readonly host: string;
  readonly port: number;
  /** Names either of which its certificate may have: `<service>.<namespace>.svc`, and the external name. The first is sent as SNI. */
  readonly serverNames: readonly string[];
}

/** Finds servers by the Service that an APIService names: its externalName, or its cluster IP. Throws RemoteFailure ServiceNotFound or ServicePortError. */
export interface ServiceResolver {
  resolve(service: NonNullable<ApiService["service"]>): RemoteAddress;
  /** Calls back with `<namespace>/<name>` when a service may be somewhere else now; returns the way to stop that. */
  onChange(listener: (key: string) => void): () => void;
}
