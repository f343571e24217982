/** The server's own metrics. */
export const metricsSettings = {} as const;
