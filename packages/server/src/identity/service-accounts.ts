import type { BearerOptions, ServiceAccountOptions, TokenReviewOptions } from "@dataplane/apiserver";
import { type ApiClient, createInformer } from "@dataplane/client";
import type { ApiObject, Clock, Handler, Logger } from "@dataplane/meta";
import type { Lifetime } from "../lifetime.js";
import type { Leading } from "../servers/leading.js";
import type { Live } from "../tls/live.js";
import type { ServingCertificate } from "../tls/serving-certificate.js";
import { bearerTokens } from "./bearer-tokens.js";
import { defaultServiceAccountsController } from "./default-service-accounts.js";
import { openIdEndpoints } from "./openid-endpoints.js";
import { configMapsRef, rootCaConfigMapsController, rootCaName } from "./root-ca-config-maps.js";
import { serviceAccountsRef, serviceAccountTokens } from "./service-account-tokens.js";
import type { Tokens } from "./tokens.js";

const namespacesRef = { group: "", version: "v1", resource: "namespaces", namespaced: false } as const;

/** `iss` where this server has no https address of its own: the name that it has for programs beside it. */
const unnamedIssuer = "https://kubernetes.default.svc";

export interface ServiceAccountsOptions {
  readonly tokens: Tokens;
  /** As the control plane. */
  readonly client: ApiClient;
  /** Where this server is found. */
  readonly appUrl: string;
  /** The server's own certificate; absent without HTTPS. */
  readonly serving?: Live<Pick<ServingCertificate, "ca">>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What programs log in with: ServiceAccounts, their tokens, and how others verify them. */
export interface ServiceAccounts extends ServiceAccountOptions, TokenReviewOptions {
  /** Every bearer token that this server takes. */
  readonly bearer: BearerOptions;
  withEndpoints(next: Handler): Handler;
  start(lifetime: Lifetime, leading: Leading): void;
}

export function openServiceAccounts({ tokens, client, appUrl, serving, clock, logger }: ServiceAccountsOptions): ServiceAccounts {
  const url = appUrl.replace(/\/$/, "");
  const issuer = url.startsWith("https://") ? url : unnamedIssuer;
  const parts = { client, clock, logger };
  const accounts = createInformer<ApiObject>({ ...parts, resource: serviceAccountsRef });
  const namespaces = createInformer<ApiObject>({ ...parts, resource: namespacesRef });
  const issued = serviceAccountTokens({ key: tokens.key, issuer, client, accounts, now: () => clock.now() });
  const { verify, expires, reviewToken } = bearerTokens({ tokens, accounts: issued });
  return {
    bearer: { verify, expires },
    reviewToken,
    issueToken: (account, spec) => issued.issue(account, spec),
    withEndpoints: (next) => openIdEndpoints({ issuer, url, key: tokens.key }, next),
    start(lifetime, leading) {
      leading.start("default ServiceAccounts", () => defaultServiceAccountsController({ ...parts, namespaces, accounts }));
      lifetime.start("ServiceAccounts", accounts);
      if (serving !== undefined) {
        const configMaps = createInformer<ApiObject>({
          ...parts,
          resource: configMapsRef,
          options: { fieldSelector: `metadata.name=${rootCaName}` },
        });
        leading.start("root CA ConfigMaps", () => rootCaConfigMapsController({ ...parts, serving, namespaces, configMaps }));
        lifetime.start("ConfigMaps of the root CA", configMaps);
      }
      lifetime.start("Namespaces", namespaces);
    },
  };
}
