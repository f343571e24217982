/** Groups of users that carry a role of the whole server; `system:masters` are admins too. */
export const roleGroups = { admin: "dataplane:admin", editor: "dataplane:editor", viewer: "dataplane:viewer" } as const;
