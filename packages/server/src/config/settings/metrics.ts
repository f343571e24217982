import { boolean, setting, text } from "../setting.js";

/** The server's own metrics. */
export const metricsSettings = {
  metricsEnabled: setting("metrics", "enabled", boolean, "true", "Serve this server's own metrics at /metrics, and count for them."),
  metricsUser: setting(
    "metrics",
    "basic_auth_username",
    text,
    "",
    "User name that is good for /metrics alone, for a scraper. Without one a login of this server is needed.",
  ),
  metricsPassword: setting("metrics", "basic_auth_password", text, "", "Its password.", true),
} as const;
