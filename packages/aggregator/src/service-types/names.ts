/** The service types that a DataPlaneService may list, as the aggregation API names them. */
export const serviceTypeNames = ["admission", "conversion", "query", "stream", "route", "datasource-proxy"] as const;
export type ServiceTypeName = (typeof serviceTypeNames)[number];

export function isServiceTypeName(name: string): name is ServiceTypeName {
  return serviceTypeNames.some((known) => known === name);
}
