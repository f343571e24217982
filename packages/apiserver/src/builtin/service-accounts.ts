import { type ApiObject, invalid, isJsonObject, type JsonObject } from "@dataplane/meta";
import { plainText } from "../plain-text.js";
import type { ComputedSubresource, ResourceDefinition } from "../resource.js";
import { s } from "../schema/builder.js";
import { invalidValue } from "../schema/field-errors.js";
import { objectSchema } from "../schema/object-schema.js";

/** What a token is asked for. */
export interface TokenRequestSpec {
  /** Empty: the server itself. */
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  /** The token ends with this object of the same namespace. */
  readonly boundObjectRef?: { readonly kind: string; readonly apiVersion: string; readonly name: string; readonly uid: string };
}

export interface IssuedToken {
  readonly token: string;
  /** Those it is for, once the server's own stand for none. */
  readonly audiences: readonly string[];
  readonly expires: Date;
}

export interface ServiceAccountOptions {
  /** Throws an ApiError when the bound object is not there. */
  readonly issueToken: (account: ApiObject, spec: TokenRequestSpec) => Promise<IssuedToken>;
}

const reference = s
  .object({
    ...{ kind: s.string().optional(), namespace: s.string().optional(), name: s.string().default(""), uid: s.string().optional() },
    ...{ apiVersion: s.string().optional(), resourceVersion: s.string().optional(), fieldPath: s.string().optional() },
  })
  .atomic();

/** ServiceAccount of core/v1: who a program is. `serviceaccounts/token` gives it a token. */
export const serviceAccounts = ({ issueToken }: ServiceAccountOptions): ResourceDefinition => ({
  group: "",
  version: "v1",
  kind: "ServiceAccount",
  plural: "serviceaccounts",
  shortNames: ["sa"],
  scope: "namespaced",
  description: "Who a program is, for those who give it rights.",
  strategicMerge: true,
  hasGeneration: false,
  answersDeleted: true,
  schema: objectSchema({
    secrets: s.array(reference).listMap("name").optional(),
    imagePullSecrets: s
      .array(s.object({ name: s.string().default("") }))
      .atomic()
      .optional(),
    automountServiceAccountToken: s.boolean().optional(),
  }).json,
  computed: [tokenSubresource(issueToken)],
});

const leastSeconds = 600;
const mostSeconds = 2 ** 32;

const tokenSubresource = (issueToken: ServiceAccountOptions["issueToken"]): ComputedSubresource<ApiObject> => ({
  name: "token",
  group: "authentication.k8s.io",
  version: "v1",
  kind: "TokenRequest",
  internal: false,
  schema: objectSchema({
    spec: s.object({
      audiences: s.array(s.string()).nullable().optional(),
      expirationSeconds: s.integer().nullable().optional(),
      boundObjectRef: s
        .object({ kind: s.string().optional(), apiVersion: s.string().optional(), name: s.string().optional(), uid: s.string().optional() })
        .nullable()
        .optional(),
    }),
    status: s.object({ token: s.string().default(""), expirationTimestamp: s.string().nullable().optional() }).optional(),
  }).json,
  async create({ stored, body }) {
    const account = stored.object;
    const spec = specOf(body);
    requireLifetime(spec.expirationSeconds);
    requireSameAccount(body, account);
    const { token, audiences, expires } = await issueToken(account, spec);
    const { name, namespace = "", uid = "" } = account.metadata;
    return {
      ...body,
      metadata: { name, namespace, uid, creationTimestamp: seconds(new Date(expires.getTime() - spec.expirationSeconds * 1000)) },
      spec: {
        audiences,
        expirationSeconds: spec.expirationSeconds,
        boundObjectRef: spec.boundObjectRef === undefined ? null : { ...spec.boundObjectRef },
      },
      status: { token, expirationTimestamp: seconds(expires) },
    };
  },
});

const seconds = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`;

function requireLifetime(lifetime: number): void {
  const at = "spec.expirationSeconds";
  const refuse = (why: string): never => {
    throw invalid("TokenRequest", "authentication.k8s.io", "", [invalidValue(at, lifetime, why)]);
  };
  if (lifetime < leastSeconds) refuse("may not specify a duration less than 10 minutes");
  if (lifetime > mostSeconds) refuse("may not specify a duration larger than 2^32 seconds");
}

function requireSameAccount(body: ApiObject, { metadata }: ApiObject): void {
  for (const field of ["name", "namespace"] as const) {
    const asked = body.metadata[field] ?? "";
    if (asked === "" || asked === metadata[field]) continue;
    const why = `must match the service account ${field} if specified`;
    throw invalid("TokenRequest", "authentication.k8s.io", metadata.name, [invalidValue(`metadata.${field}`, asked, why)]);
  }
}

function specOf(body: ApiObject): TokenRequestSpec {
  const spec = isJsonObject(body["spec"]) ? body["spec"] : {};
  const { audiences, expirationSeconds, boundObjectRef } = spec;
  return {
    audiences: Array.isArray(audiences) ? audiences.map(plainText) : [],
    expirationSeconds: typeof expirationSeconds === "number" ? expirationSeconds : 3_600,
    ...(isJsonObject(boundObjectRef) ? { boundObjectRef: boundObjectOf(boundObjectRef) } : {}),
  };
}

function boundObjectOf(ref: JsonObject): NonNullable<TokenRequestSpec["boundObjectRef"]> {
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  return { kind: text(ref["kind"]), apiVersion: text(ref["apiVersion"]), name: text(ref["name"]), uid: text(ref["uid"]) };
}
