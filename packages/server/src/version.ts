/** The release of this server, and the Kubernetes API level that its clients may count on. */
export const version = {
  server: "0.1.0",
  /** Of the source; a release says it. */
  commit: "unknown",
  kubernetes: { gitVersion: "v1.32.0+dataplane-0.1.0", major: "1", minor: "32" },
} as const;
