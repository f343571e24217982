export type { ApiClient, ListOptions, ObjectRef, PatchType, ResourceRef, WatchOptions, WriteOptions } from "./api-client.js";
export type { Informer, InformerChange, Lister } from "./informer.js";
// To be written: createApiClient({ handler, user }), createHttpClient({ baseUrl, headers }), createInformer({ client, resource, options, clock, logger }).
