import { ApiError, type HttpResponse } from "@dataplane/meta";
import type { PluginRoute } from "./service-type.js";

/** A route of a service type that plugins of this type do not have: it says so, and is not in discovery. */
export const notServed = (type: string, path: string, methods: readonly string[] = ["*"]): PluginRoute => ({
  methods,
  path,
  handle: (): Promise<HttpResponse> =>
    Promise.reject(new ApiError("NotImplemented", `service type ${JSON.stringify(type)} is not served of this plugin`)),
});
