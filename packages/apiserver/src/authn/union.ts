import type { HttpRequest } from "@dataplane/meta";
import type { Authentication, Authenticator } from "./authenticator.js";

/** The first that finds a credential of its kind decides, for good or bad. */
export const unionAuthenticator = (authenticators: readonly Authenticator[]): Authenticator => ({
  authenticate: (request) => firstOf(authenticators, request, 0),
});

/** Most requests carry one kind: the others say at once that it is not theirs, and are not waited for. */
function firstOf(authenticators: readonly Authenticator[], request: HttpRequest, from: number): Promise<Authentication | undefined> | undefined {
  for (let index = from; index < authenticators.length; index += 1) {
    const found = authenticators[index]?.authenticate(request);
    if (found === undefined) continue;
    return index + 1 === authenticators.length ? found : found.then((it) => it ?? firstOf(authenticators, request, index + 1));
  }
  return undefined;
}
