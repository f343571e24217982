import { serveApp } from "@dataplane/plugin-sdk";
import { logCall } from "../../call-log.js";
import { objectIn } from "../../json.js";
import { validateSlo } from "./validate-slo.js";

await serveApp({
  createInstance: () => ({}),
  admission: {
    validate({ operation, kind, object }) {
      logCall("validateAdmission", { operation, ...kind, name: objectIn(object, "metadata")["name"] });
      validateSlo(object);
      return {};
    },
  },
});
