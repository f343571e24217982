import { ApiError, type HttpResponse } from "@dataplane/meta";
import type { PluginRoute } from "./service-type.js";

/** A route of a known service type that is not served yet: it says so, and is not in discovery. */
export const notServed = (type: string, path: string, methods: readonly string[] = ["*"]): PluginRoute => ({
  methods,
  path,
  handle: (): Promise<HttpResponse> =>
    Promise.reject(new ApiError("NotImplemented", `service type ${JSON.stringify(type)} is not served by this version`)),
});
