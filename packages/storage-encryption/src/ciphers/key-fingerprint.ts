import { createHmac } from "node:crypto";

/** Tells keys apart without telling anything of them: a keyed digest of a constant. */
export const fingerprintOf = (key: Uint8Array): string => createHmac("sha256", key).update("dataplane key fingerprint v1").digest("hex").slice(0, 16);
