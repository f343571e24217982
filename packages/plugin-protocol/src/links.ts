import { openGrpcJsLink } from "./grpc-js-link.js";
import type { OpenLink } from "./grpc-link.js";
import { openNativeLink } from "./native-link.js";

/** The implementations of the link, by the name that the configuration gives them. */
export const links = { "grpc-js": openGrpcJsLink, native: openNativeLink } as const satisfies Readonly<Record<string, OpenLink>>;
