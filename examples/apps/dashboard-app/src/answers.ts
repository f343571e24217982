import { frame, integerField, jsonResponse, type PluginInstance, resourceRouter, route, timeField } from "@dataplane/plugin-sdk";
import { logCall } from "../../call-log.js";
import { objectIn, textIn } from "../../json.js";
import type { Counts, KnownDashboards } from "./known-dashboards.js";

/** What the app answers without a store: queries, routes, streams and health, all from what the controller knows. */
export function dashboardAnswers(known: KnownDashboards, countQuery: () => void): PluginInstance {
  return {
    queryData({ refId }, { namespace }) {
      logCall("queryData", { refId, namespace });
      countQuery();
      return [countsFrame(known.counts(namespace))];
    },
    callResource: resourceRouter([
      route("GET", "/dashboards/{name}/export", ({ params: { name = "" } }, { namespace }) => {
        logCall("callResource", { route: "export", name, namespace });
        const dashboard = known.get(namespace, name);
        return dashboard === undefined ? jsonResponse({ message: `no dashboard ${name}` }, 404) : jsonResponse({ exported: dashboard });
      }),
      route("GET", "/search", ({ query }, { namespace }) => {
        const title = query.get("title") ?? "";
        logCall("callResource", { route: "search", title, namespace });
        const titles = known.list(namespace).map((it) => textIn(objectIn(it, "spec"), "title"));
        return jsonResponse({ titles: titles.filter((it) => it.includes(title)).sort() });
      }),
      route("GET", "/about", () => {
        logCall("callResource", { route: "about" });
        return jsonResponse({ app: "dashboard", ...known.counts("") });
      }),
    ]),
    checkHealth({ namespace }) {
      logCall("checkHealth", { namespace });
      return { status: "ok", message: `${known.counts(namespace).dashboards} dashboards` };
    },
    streams: {
      subscribe: ({ path }) => ({ status: path === "counts" ? "ok" : "not-found" }),
      async *run({ path }, { namespace, signal }) {
        logCall("runStream", { path, namespace });
        for await (const counts of known.follow(namespace, signal)) yield countsFrame(counts);
      },
    },
  };
}

const countsFrame = ({ dashboards, panels }: Counts) =>
  frame({
    name: "counts",
    fields: [timeField("time", [new Date()]), integerField("dashboards", [dashboards]), integerField("panels", [panels])],
  });
