import type { Config } from "../config/load-config.js";

/**
 * The configuration of one of several workers. Connections are spread evenly over them, so each has its share of what is bounded for the
 * whole server, rounded up; 0 stays "no limit".
 */
export function dividedLimits(config: Config): Config {
  const share = (whole: number): number => Math.ceil(whole / Math.max(1, config.workers));
  return {
    ...config,
    maxInFlightPerDataSource: share(config.maxInFlightPerDataSource),
    ratePerDataSource: share(config.ratePerDataSource),
    maxInFlightPerUser: share(config.maxInFlightPerUser),
    ratePerUser: share(config.ratePerUser),
    queryCacheBytes: share(config.queryCacheBytes),
  };
}
