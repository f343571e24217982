import type { Logger } from "@dataplane/meta";
import type { Authenticator } from "../authn/authenticator.js";
import type { Authorizer } from "../authz/authorizer.js";
import { assignAuditId } from "./assign-audit-id.js";
import { authenticate } from "./authenticate.js";
import { authorize } from "./authorize.js";
import type { Filter } from "./filter.js";
import { impersonate } from "./impersonate.js";
import { type LimitDurationOptions, limitDuration } from "./limit-duration.js";
import { recoverPanics } from "./recover-panics.js";
import { resolveRequestInfo } from "./request-info.js";
import { sendWarnings } from "./send-warnings.js";

export interface ChainOptions extends LimitDurationOptions {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly logger: Logger;
  readonly newUid: () => string;
}

/** What every request passes, in this order, before a server of the chain sees it. */
export const filterChain = ({ authenticator, authorizer, logger, newUid, ...duration }: ChainOptions): readonly Filter[] => [
  assignAuditId(newUid),
  sendWarnings,
  recoverPanics(logger),
  resolveRequestInfo,
  authenticate(authenticator),
  impersonate(authorizer),
  limitDuration(duration),
  authorize(authorizer),
];
