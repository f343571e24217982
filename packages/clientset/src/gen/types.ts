/* eslint-disable -- made by `npm run generate` from the OpenAPI documents in api/; do not edit. */
import type { JsonObject } from "@dataplane/meta";

export type components = {
    schemas: {
        readonly DataPlaneService: {
            /** @description Which plugin or backend is served where, and what it serves. One of pluginID with pluginType, and backend. */
            readonly spec: {
                /** @description A server that answers in place of a plugin, with the caller's identity in X-Remote-* headers. */
                readonly backend?: {
                    /** @description What the path of a request is appended to, /apis/<group>/<version> included. */
                    readonly baseURL: string;
                    /** @description Certificates that verify it, PEM in base64; the system's when absent. */
                    readonly caBundle?: string;
                    /**
                     * @description How it is spoken to.
                     * @enum {string}
                     */
                    readonly type: "http";
                };
                /** @description API group that the plugin is served in. */
                readonly group: string;
                /** @description Id of the plugin that answers. */
                readonly pluginID?: string;
                /**
                 * @description Type of that plugin.
                 * @enum {string}
                 */
                readonly pluginType?: "app" | "datasource";
                /** @description What the plugin serves there, one entry a type. Health, access and metrics come with any. */
                readonly services: readonly {
                    /** @description HTTP methods of a route, separated by commas; all when absent. */
                    readonly method?: string;
                    /** @description Path of a route, relative to the namespace: segments, {name}, or * at the end. */
                    readonly path?: string;
                    /**
                     * @description What the plugin serves.
                     * @enum {string}
                     */
                    readonly type: "admission" | "conversion" | "query" | "stream" | "route" | "datasource-proxy";
                }[];
                /** @description Version of that group. */
                readonly version: string;
            };
            readonly status?: {
                /** @description What is true of the object now, one entry a type. */
                readonly conditions?: readonly {
                    /**
                     * Format: date-time
                     * @description When the status last changed.
                     */
                    readonly lastTransitionTime: string;
                    /** @description The same for people; may be empty. */
                    readonly message: string;
                    /**
                     * Format: int64
                     * @description The metadata.generation that the condition was derived from.
                     */
                    readonly observedGeneration?: number;
                    /** @description One CamelCase word for programs: why the status is what it is. */
                    readonly reason: string;
                    /**
                     * @description Whether it holds.
                     * @enum {string}
                     */
                    readonly status: "True" | "False" | "Unknown";
                    /** @description What the condition is about, in CamelCase. */
                    readonly type: string;
                }[];
            };
        };
        readonly DataSource: {
            /** @description Secrets by key. Write {create: value}; reading gives {name}; {remove: true} removes. */
            readonly secure?: {
                readonly [key: string]: {
                    /** @description The secret. Never given back. */
                    readonly create?: string;
                    /** @description Stands for the value that is kept. */
                    readonly name?: string;
                    /** @description Removes the value. */
                    readonly remove?: boolean;
                } | null;
            };
            /** @description The settings that the plugin is given. */
            readonly spec?: {
                /**
                 * @description Kept for Grafana's files; calls always go through this server.
                 * @enum {string}
                 */
                readonly access?: "proxy" | "direct";
                /** @description The plugin logs in by basic authentication. */
                readonly basicAuth?: boolean;
                /** @description User name for basic authentication; the password is secure.basicAuthPassword. */
                readonly basicAuthUser?: string;
                /** @description Database at the data source. */
                readonly database?: string;
                /** @description The one that is meant when none is named; kept, not used. */
                readonly isDefault?: boolean;
                /** @description What the plugin itself defines. */
                readonly jsonData?: JsonObject;
                /** @description Provisioned from a file that says it is not to be edited. */
                readonly readOnly?: boolean;
                /** @description Name for people. */
                readonly title?: string;
                /** @description Where the plugin finds its data. */
                readonly url?: string;
                /** @description User name at the data source. */
                readonly user?: string;
                /** @description Kept for Grafana's files. */
                readonly withCredentials?: boolean;
            };
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
};
