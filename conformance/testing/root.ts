import path from "node:path";

/** The repository's root. */
export const root = path.dirname(path.dirname(import.meta.dirname));

/** What conformance/build-tools.sh built. */
export const tools = path.join(root, ".cache", "tools");
