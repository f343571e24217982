import type { HealthHandler } from "./health.js";
import type { QueryHandler } from "./query.js";
import type { ResourceHandler } from "./resource.js";
import type { StreamHandlers } from "./streams.js";

/** What a plugin makes of one data source (or of an app in one namespace). The host is told of a missing handler by Unimplemented. */
export interface PluginInstance {
  /** Serves QueryData and QueryChunkedData alike. */
  readonly queryData?: QueryHandler;
  /** Answers in Arrow also when the host asks for JSON, as plugins of older SDKs do: for tests of hosts. */
  readonly alwaysArrow?: boolean;
  readonly callResource?: ResourceHandler;
  /** Without it the instance is healthy as soon as it could be made. */
  readonly checkHealth?: HealthHandler;
  readonly streams?: StreamHandlers;
  /** Called once nothing uses the instance any more. */
  readonly dispose?: () => void | Promise<void>;
}
