import { type ApiClient, createTransportClient, httpTransport, type Transport } from "@dataplane/client";
import type { AppConfig } from "./app-config.js";

/** Calls the API as the app, with the token of the moment. */
export const appClient = (config: AppConfig): ApiClient => createTransportClient(appTransport(config));

/** What `appClient` calls through. */
export function appTransport(config: AppConfig): Transport {
  const tls = () => {
    const ca = config.ca();
    return ca === undefined ? {} : { ca };
  };
  const transport = httpTransport({ baseUrl: config.server, tls });
  return (request) => {
    const token = config.token();
    return transport({ ...request, headers: { ...request.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) } });
  };
}
