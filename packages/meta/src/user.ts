/** Who asks. Groups decide rights; `extra` is what an authenticator adds. */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export const systemGroups = {
  authenticated: "system:authenticated",
  unauthenticated: "system:unauthenticated",
  masters: "system:masters",
} as const;

/** The data plane's own identity: the one reader of `plugincontext`. */
export const dataPlaneUser: UserInfo = { name: "system:dataplane", groups: ["system:dataplane", systemGroups.authenticated] };

/** The control plane's own controllers: all rights, in process only. */
export const controlPlaneUser: UserInfo = { name: "system:apiserver", groups: [systemGroups.masters, systemGroups.authenticated] };
