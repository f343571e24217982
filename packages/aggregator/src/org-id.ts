/** Grafana's number of an organisation, as plugins know namespaces: `default` is 1, `org-N` is N, any other 0. */
export function orgIdOf(namespace: string): number {
  if (namespace === "default") return 1;
  const number = /^org-([1-9]\d{0,14})$/.exec(namespace)?.[1];
  return number === undefined ? 0 : Number(number);
}

/** The reverse, for the paths that choose by `X-Grafana-Org-Id`; undefined when it is no such number. */
export function namespaceOfOrg(orgId: string): string | undefined {
  if (!/^[1-9]\d{0,14}$/.test(orgId)) return undefined;
  return orgId === "1" ? "default" : `org-${orgId}`;
}
