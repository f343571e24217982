export type { ApiClient, DeleteOptions, ListOptions, ObjectRef, PatchType, ResourceRef, WatchOptions, WriteOptions } from "./api-client.js";
export { createApiClient, createHttpClient } from "./create-client.js";
export { createInformer, type InformerOptions } from "./create-informer.js";
export type { HandlerTransportOptions } from "./handler-transport.js";
export type { HttpClientOptions } from "./http-transport.js";
export type { Informer, InformerChange, Lister } from "./informer.js";
