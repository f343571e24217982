import { goTestApp } from "../testing/install-plugin.js";
import type { Values } from "./operations.js";

interface NeededObject {
  /** After `/apis/`. */
  readonly url: string;
  readonly object: object;
}

/** A group that clients are generated for. */
export interface ClientGroup {
  readonly title: string;
  readonly groupVersion: string;
  /** What must be there before its documents are read. */
  readonly needs?: (around: { readonly backendUrl: string }) => readonly NeededObject[];
  readonly values: Values;
  /** The described error of what cannot work here, by operation; all others answer with 2xx. */
  readonly expected?: Readonly<Record<string, number>>;
}

/** Id of the plugin in `app`, which serves all that an app can. */
const wholeApp = "acme-whole-app";

const services = "aggregation.grafana.app/v0alpha1/dataplaneservices";

const aService = (group: string, spec: object): NeededObject => ({
  url: services,
  object: {
    apiVersion: "aggregation.grafana.app/v0alpha1",
    kind: "DataPlaneService",
    metadata: { name: `v1.${group}` },
    spec: { group, version: "v1", ...spec },
  },
});

const manifest: NeededObject = {
  url: "apps.grafana.app/v1alpha2/appmanifests",
  object: {
    apiVersion: "apps.grafana.app/v1alpha2",
    kind: "AppManifest",
    metadata: { name: "apps" },
    spec: {
      appName: "apps",
      group: "apps.example",
      versions: [
        {
          name: "v1",
          routes: {
            namespaced: { "/reports/{id}": { get: { operationId: "getReport", summary: "One report." }, post: {} } },
            cluster: { "/about": { get: { operationId: "getAbout" } } },
          },
        },
      ],
    },
  },
};

const thing = (group: string) => ({ apiVersion: `${group}/v1`, kind: "Thing", metadata: { name: "x", namespace: "default" }, spec: {} });

const reviews = (group: string) => {
  const review = {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "1",
      kind: { group, version: "v1", kind: "Thing" },
      resource: { group, version: "v1", resource: "things" },
      operation: "CREATE",
      namespace: "default",
      object: thing(group),
    },
  };
  const conversion = { uid: "2", desiredAPIVersion: `${group}/v2`, objects: [thing(group)] };
  return {
    mutateAdmission: review,
    validateAdmission: review,
    convertObjects: { apiVersion: "apiextensions.k8s.io/v1", kind: "ConversionReview", request: conversion },
  };
};

const queries = { from: "now-5m", to: "now", queries: [{ refId: "A" }] };
const ofTestData = {
  refId: "A",
  scenarioId: "csv_metric_values",
  stringInput: "1,2",
  datasource: { type: "grafana-testdata-datasource", uid: "testdata" },
};

const made = { labels: { "made-by": "generated-client" } };
const ofGenerated = { deletecollection: { labelSelector: "made-by=generated-client" } };

const namedQuery = {
  apiVersion: "query.grafana.app/v0alpha1",
  kind: "Query",
  metadata: { name: "walk", namespace: "default", ...made },
  spec: {
    datasource: { type: "grafana-testdata-datasource", uid: "testdata" },
    queries: [{ refId: "A", scenarioId: "csv_metric_values", stringInput: "1,2" }],
  },
};

const aDataPlaneService = {
  apiVersion: "aggregation.grafana.app/v0alpha1",
  kind: "DataPlaneService",
  metadata: { name: "v1.made.example", ...made },
  spec: { pluginID: wholeApp, pluginType: "app", group: "made.example", version: "v1", services: [{ type: "route", path: "things" }] },
};

export const groups: readonly ClientGroup[] = [
  {
    title: "an app",
    groupVersion: "apps.example/v1",
    needs: () => [
      aService("apps.example", {
        ...{ pluginID: wholeApp, pluginType: "app" },
        services: [...["stream", "admission", "conversion"].map((type) => ({ type })), { type: "route", path: "things/{id}/*", method: "GET, POST" }],
      }),
      manifest,
    ],
    values: {
      path: { namespace: "default", path: "thing", id: "7" },
      bodies: { ...reviews("apps.example"), publishAppStream: { a: 1 }, postReports: { a: 1 } },
    },
  },
  {
    title: "an app without streams and hooks",
    groupVersion: "fewer.example/v1",
    needs: () => [
      aService("fewer.example", {
        ...{ pluginID: goTestApp.id, pluginType: "app" },
        services: ["stream", "admission", "conversion"].map((type) => ({ type })),
      }),
    ],
    values: { path: { namespace: "default", path: "thing" }, bodies: { ...reviews("fewer.example"), publishAppStream: { a: 1 } } },
    expected: {
      subscribeAppStreamFewerExampleV1: 501,
      publishAppStreamFewerExampleV1: 501,
      mutateAdmissionFewerExampleV1: 501,
      validateAdmissionFewerExampleV1: 501,
      convertObjectsFewerExampleV1: 501,
    },
  },
  {
    title: "a backend by HTTP",
    groupVersion: "backend.example/v1",
    needs: ({ backendUrl }) => [
      aService("backend.example", {
        backend: { type: "http", baseURL: backendUrl },
        services: [...["query", "admission", "conversion"].map((type) => ({ type })), { type: "route", path: "things/{name}" }],
      }),
    ],
    values: {
      path: { namespace: "default", uid: "main", name: "seven" },
      bodies: { ...reviews("backend.example"), createDataSourceQuery: queries, createConnectionQuery: queries },
    },
  },
  {
    title: "the query service",
    groupVersion: "query.grafana.app/v0alpha1",
    values: {
      path: { namespace: "default", name: "walk" },
      query: ofGenerated,
      bodies: {
        createQueryQuery: { from: "now-5m", to: "now", queries: [ofTestData] },
        runNamedQuery: { from: "now-5m", to: "now" },
        create: namedQuery,
        replace: namedQuery,
        patch: { metadata: { annotations: { patched: "yes" } } },
      },
    },
  },
  {
    title: "DataPlaneServices",
    groupVersion: "aggregation.grafana.app/v0alpha1",
    values: {
      path: { name: "v1.made.example" },
      query: ofGenerated,
      bodies: { create: aDataPlaneService, replace: aDataPlaneService, patch: { metadata: { annotations: { patched: "yes" } } } },
    },
  },
];
