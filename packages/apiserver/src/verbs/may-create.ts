import { forbidden } from "../chain/forbidden.js";
import type { VerbCall } from "./verb-call.js";

/** A patch that makes the object needs the right to create it, beside the one to patch it. Throws Forbidden. */
export async function requireMayCreate({ request, info, services }: VerbCall): Promise<void> {
  const { user } = request.context;
  if (user === undefined || services.authorizer === undefined) return;
  const asked = { ...info, verb: "create" };
  const { allowed, reason } = await services.authorizer.authorize(user, asked);
  if (!allowed) throw forbidden(user, asked, reason);
}
