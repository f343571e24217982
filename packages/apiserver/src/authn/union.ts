import type { Authenticator } from "./authenticator.js";

/** The first that finds a credential of its kind decides, for good or bad. */
export const unionAuthenticator = (authenticators: readonly Authenticator[]): Authenticator => ({
  async authenticate(request) {
    for (const authenticator of authenticators) {
      const found = await authenticator.authenticate(request);
      if (found !== undefined) return found;
    }
    return undefined;
  },
});
