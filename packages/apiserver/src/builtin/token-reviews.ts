import { badRequest, isJsonObject, type JsonObject, type UserInfo } from "@dataplane/meta";
import { plainText } from "../plain-text.js";
import type { ResourceDefinition } from "../resource.js";
import { s } from "../schema/builder.js";
import { objectSchema } from "../schema/object-schema.js";
import { userInfoOf } from "./self-reviews.js";

/** Whom a token speaks for, and which of the audiences that were asked about it is for; or why it speaks for nobody. */
export type TokenVerdict = { readonly user: UserInfo; readonly audiences: readonly string[] } | { readonly error: string };

export interface TokenReviewOptions {
  /** `audiences` is empty when the one who asks did not say: the server's own are meant. */
  readonly reviewToken: (token: string, audiences: readonly string[]) => Promise<TokenVerdict>;
}

/** TokenReview of authentication.k8s.io/v1: another server asks about a token that it was given. */
export const tokenReviews = ({ reviewToken }: TokenReviewOptions): ResourceDefinition => ({
  group: "authentication.k8s.io",
  version: "v1",
  kind: "TokenReview",
  plural: "tokenreviews",
  scope: "cluster",
  verbs: ["create"],
  description: "Whom a token speaks for.",
  schema: objectSchema({
    spec: s.object({ token: s.string().default(""), audiences: s.array(s.string()).optional() }),
    status: s
      .object({
        authenticated: s.boolean().optional(),
        user: s.anyObject().optional(),
        audiences: s.array(s.string()).optional(),
        error: s.string().optional(),
      })
      .optional(),
  }).json,
  review: async ({ object }) => {
    const spec = isJsonObject(object["spec"]) ? object["spec"] : {};
    const { token, audiences } = spec;
    if (typeof token !== "string" || token === "") throw badRequest("token is required for TokenReview in authentication");
    return { ...object, status: statusOf(await reviewToken(token, Array.isArray(audiences) ? audiences.map(plainText) : [])) };
  },
});

const statusOf = (verdict: TokenVerdict): JsonObject =>
  "error" in verdict ? { user: {}, error: verdict.error } : { authenticated: true, user: userInfoOf(verdict.user), audiences: verdict.audiences };
