import type { OpenLink } from "./grpc-link.js";
import { openNativeLink } from "./native-link.js";

// Loaded when first used: the library costs a server that does not use it start-up time and memory.
const openGrpcJsLink: OpenLink = async (...link) => (await import("./grpc-js-link.js")).openGrpcJsLink(...link);

/** The implementations of the link, by the name that the configuration gives them. */
export const links = { "grpc-js": openGrpcJsLink, native: openNativeLink } as const satisfies Readonly<Record<string, OpenLink>>;
