import { BadRequestError, type JsonObject } from "@dataplane/plugin-sdk";
import { objectIn, objectsIn } from "../../json.js";

export const group = "dashboard.ext.grafana.app";

/**
 * A dashboard in another version. v1beta1 moved `spec.panels` below `spec.layout` and `spec.refresh` below `spec.timeSettings`, and made an
 * object of a panel's data source. Both directions keep all there is. Throws BadRequestError for a version that is not known.
 */
export function convertDashboard(dashboard: JsonObject, version: string): JsonObject {
  const apiVersion = `${group}/${version}`;
  if (dashboard["apiVersion"] === apiVersion) return dashboard;
  const convert = converters.get(version);
  if (convert === undefined) throw new BadRequestError(`there is no version ${JSON.stringify(version)} of a dashboard`);
  return { ...dashboard, apiVersion, spec: convert(objectIn(dashboard, "spec")) };
}

const converters: ReadonlyMap<string, (spec: JsonObject) => JsonObject> = new Map([
  ["v1alpha1", toAlpha],
  ["v1beta1", toBeta],
]);

function toBeta({ panels, refresh, ...same }: JsonObject): JsonObject {
  return {
    ...same,
    ...(refresh === undefined ? {} : { timeSettings: { refresh } }),
    ...(panels === undefined ? {} : { layout: { panels: objectsIn({ panels }, "panels").map(betaPanel) } }),
  };
}

function toAlpha({ layout, timeSettings, ...same }: JsonObject): JsonObject {
  const { refresh } = objectIn({ timeSettings }, "timeSettings");
  const inner = objectIn({ layout }, "layout");
  return {
    ...same,
    ...(refresh === undefined ? {} : { refresh }),
    ...(inner["panels"] === undefined ? {} : { panels: objectsIn(inner, "panels").map(alphaPanel) }),
  };
}

const betaPanel = ({ datasource, ...panel }: JsonObject): JsonObject =>
  datasource === undefined ? panel : { ...panel, datasource: { uid: datasource } };

function alphaPanel({ datasource, ...panel }: JsonObject): JsonObject {
  const { uid } = objectIn({ datasource }, "datasource");
  return uid === undefined ? panel : { ...panel, datasource: uid };
}
