import { type ApiClient, createTransportClient, httpTransport } from "@dataplane/client";
import type { AppConfig } from "./app-config.js";

/** Calls the API as the app, with the token of the moment. */
export function appClient(config: AppConfig): ApiClient {
  const tls = () => {
    const ca = config.ca();
    return ca === undefined ? {} : { ca };
  };
  const transport = httpTransport({ baseUrl: config.server, tls });
  return createTransportClient((request) => {
    const token = config.token();
    return transport({ ...request, headers: { ...request.headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) } });
  });
}
