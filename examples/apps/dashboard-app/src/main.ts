import { serveApp } from "@dataplane/plugin-sdk";
import { runControllers } from "@dataplane/plugin-sdk-app";
import { logCall } from "../../call-log.js";
import { objectIn } from "../../json.js";
import { completeDashboard, validateDashboard } from "./admit-dashboard.js";
import { dashboardAnswers } from "./answers.js";
import { convertDashboard } from "./convert-dashboard.js";
import { dashboardController } from "./dashboard-controller.js";
import { KnownDashboards } from "./known-dashboards.js";

const known = new KnownDashboards();

await serveApp({
  createInstance: (_settings, { metrics, namespace }) => {
    const queries = metrics.counter({ name: "dashboard_app_queries_total", help: "Queries answered." });
    return dashboardAnswers(known, () => queries.add({ namespace }));
  },
  admission: {
    mutate({ operation, kind, object }) {
      logCall("mutateAdmission", { operation, ...kind, name: objectIn(object, "metadata")["name"] });
      return { object: completeDashboard(object) };
    },
    validate({ operation, kind, object }) {
      logCall("validateAdmission", { operation, ...kind, name: objectIn(object, "metadata")["name"] });
      validateDashboard(object);
      return {};
    },
  },
  conversion({ objects, targetVersion }) {
    logCall("convertObjects", { count: objects.length, ...targetVersion });
    return objects.map((object) => convertDashboard(object, targetVersion.version));
  },
  run: (signal) => runControllers([dashboardController(known)], { signal }),
});
