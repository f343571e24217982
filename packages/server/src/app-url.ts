import type { Config } from "./config/load-config.js";

/** Where this server is found. */
export const appUrlOf = ({ rootUrl, httpPort }: Pick<Config, "rootUrl" | "httpPort">): string =>
  rootUrl === "" ? `http://localhost:${httpPort}/` : rootUrl;
