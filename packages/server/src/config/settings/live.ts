/** Streams, and Grafana Live. */
export const liveSettings = {} as const;
