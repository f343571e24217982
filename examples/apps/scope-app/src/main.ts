import { serveApp } from "@dataplane/plugin-sdk";
import { logCall } from "../../call-log.js";

// The manifest says it all: the server keeps the kinds, and never has to ask.
await serveApp({
  createInstance: () => ({
    checkHealth: () => {
      logCall("checkHealth", {});
      return { status: "ok", message: "kinds need no answers" };
    },
  }),
});
