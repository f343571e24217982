import type { ApiClient } from "./api-client.js";
import { type HandlerTransportOptions, handlerTransport } from "./handler-transport.js";
import { type HttpClientOptions, httpTransport } from "./http-transport.js";
import type { Transport } from "./transport.js";
import { TransportClient } from "./transport-client.js";

/** A client of the API in this very process: it calls `handler` as `user`. */
export const createApiClient = (options: HandlerTransportOptions): ApiClient => new TransportClient(handlerTransport(options));

/** A client of the API over HTTP. */
export const createHttpClient = (options: HttpClientOptions): ApiClient => new TransportClient(httpTransport(options));

/** A client of the API over a transport that others call through too. */
export const createTransportClient = (transport: Transport): ApiClient => new TransportClient(transport);
