/** Cases that Kubernetes answers otherwise, and why we do not follow. The list may only shrink. */
export const knownGaps: ReadonlyMap<string, string> = new Map();
