/** Who is to blame: the data source behind the plugin (or what the user asked of it), or the plugin itself. */
export type ErrorSource = "plugin" | "downstream";

/** A failure with an HTTP status and an owner. Anything else that a handler throws counts as 500 of the plugin. */
export class PluginError extends Error {
  override readonly name: string = "PluginError";
  readonly status: number;
  readonly source: ErrorSource;

  constructor(message: string, options: { readonly status: number; readonly source: ErrorSource; readonly cause?: unknown }) {
    super(message, { cause: options.cause });
    this.status = options.status;
    this.source = options.source;
  }
}

/** The data source is unreachable (502, the default) or has answered with a failure of its own. */
export class DownstreamError extends PluginError {
  override readonly name: string = "DownstreamError";

  constructor(message: string, options: { readonly status?: number; readonly cause?: unknown } = {}) {
    super(message, { status: options.status ?? 502, source: "downstream", cause: options.cause });
  }
}

/** What the user asked for cannot be done: 400. It is no fault of the plugin, so its source is `downstream`, as Grafana counts it. */
export class BadRequestError extends DownstreamError {
  override readonly name: string = "BadRequestError";

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, { status: 400, cause: options.cause });
  }
}

/** The instance settings are incomplete or contradict each other: 400, told by every call until they are changed. */
export class SettingsError extends BadRequestError {
  override readonly name: string = "SettingsError";
}

/** How any thrown value is reported. */
export function asPluginError(thrown: unknown): PluginError {
  if (thrown instanceof PluginError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new PluginError(message === "" ? "unknown error" : message, { status: 500, source: "plugin", cause: thrown });
}
