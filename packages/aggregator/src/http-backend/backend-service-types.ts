/** What a backend by HTTP can serve: the other service types are about plugins. */
export const backendServiceTypes = ["query", "route", "admission", "conversion"] as const;
