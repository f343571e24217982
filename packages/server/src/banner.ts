import type { Plugin } from "@dataplane/plugin-host";

/** What a person who started the server wants to know, on stdout. */
export function banner(options: {
  readonly http: string;
  readonly https: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly plugins: readonly Plugin[];
  readonly port: number;
}): string {
  const { http, https, kubeconfig, plugins, port } = options;
  const lines = [
    "",
    "Data Plane Aggregator is ready.",
    `  HTTP        ${http}`,
    `  HTTPS       ${https ?? "off ([feature_toggles] grafanaAPIServerEnsureKubectlAccess)"}`,
    `  kubeconfig  ${kubeconfig ?? "none"}`,
    `  plugins     ${plugins.length === 0 ? "none" : plugins.map(({ id, state }) => `${id} (${state.phase})`).join(", ")}`,
  ];
  return [...lines, ...exampleQuery(plugins, port), ""].join("\n");
}

/** Works with nothing but Node on the machine: the bundled test data plugin, in its own group, asked by Node itself. */
function exampleQuery(plugins: readonly Plugin[], port: number): readonly string[] {
  if (!plugins.some(({ id }) => id === "grafana-testdata-datasource")) return [];
  const url = `http://localhost:${port}/apis/testdata.datasource.grafana.app/v0alpha1/namespaces/default/datasources/testdata/query`;
  const body = '{"queries":[{"refId":"A","scenarioId":"random_walk","intervalMs":600000}]}';
  const headers = '{authorization:"Basic "+btoa("admin:admin"),"content-type":"application/json"}';
  return [
    "",
    "Try:",
    `  node -e 'fetch("${url}",{method:"POST",headers:${headers},body:JSON.stringify(${body})}).then(r=>r.text()).then(console.log)'`,
  ];
}
