export { parseJson } from "./answer.js";
export type { ApiClient, DeleteOptions, ListOptions, ObjectRef, PatchType, ResourceRef, WatchOptions, WriteOptions } from "./api-client.js";
export { createApiClient, createHttpClient, createTransportClient } from "./create-client.js";
export { createInformer, type InformerOptions } from "./create-informer.js";
export type { HandlerTransportOptions } from "./handler-transport.js";
export { type ClientTls, type HttpClientOptions, httpTransport } from "./http-transport.js";
export type { Informer, InformerChange, Lister } from "./informer.js";
export { readText, type ServerCall, send } from "./send.js";
export type { Transport, TransportRequest, TransportResponse } from "./transport.js";
