import { createPrivateKey, type KeyObject } from "node:crypto";
import { badRequest } from "@dataplane/meta";
import { SignJWT } from "jose";
import { parseOutboundUrl } from "../outbound/outbound-url.js";
import type { DataSourceSettings } from "./data-source-settings.js";
import type { DataSourceRoute, RouteTokenAuth } from "./proxy-route.js";
import { fillTemplate } from "./template.js";

/** What is posted to a token server, and where. With secrets: never logged. */
export interface TokenGrant {
  readonly url: URL;
  /** Names the grant: the same values give the same token. */
  readonly identity: string;
  /** Made anew for each request: an assertion has its own time. */
  readonly form: (now: Date) => Promise<URLSearchParams>;
}

/** How the route gets its token; undefined for one without. Throws BadRequest for settings that cannot be used. */
export function tokenGrant(route: DataSourceRoute, settings: DataSourceSettings): TokenGrant | undefined {
  if (route.jwtTokenAuth !== undefined) return jwtGrant(filled(route.jwtTokenAuth, settings));
  return route.tokenAuth === undefined ? undefined : clientCredentialsGrant(filled(route.tokenAuth, settings));
}

/** https://www.rfc-editor.org/rfc/rfc6749#section-4.4; `params` may name another grant type, and more fields. */
function clientCredentialsGrant({ url, scopes, params }: RouteTokenAuth): TokenGrant {
  const form = new URLSearchParams({ grant_type: "client_credentials", ...params });
  if (scopes.length > 0 && !form.has("scope")) form.set("scope", scopes.join(" "));
  return { url: parseOutboundUrl(url), identity: `${url}\n${form.toString()}`, form: () => Promise.resolve(form) };
}

/** https://www.rfc-editor.org/rfc/rfc7523#section-2.1, in the fields that Google's service accounts have. */
function jwtGrant({ url, scopes, params }: RouteTokenAuth): TokenGrant {
  const { token_uri: tokenUri = "", client_email: issuer = "", private_key: pem = "", subject = "" } = params;
  const audience = tokenUri === "" ? url : tokenUri;
  const key = privateKey(pem);
  return {
    url: parseOutboundUrl(audience),
    identity: [audience, issuer, pem, subject, ...scopes].join("\n"),
    async form(now) {
      const issued = Math.floor(now.getTime() / 1000);
      const jwt = new SignJWT({ scope: scopes.join(" ") }).setProtectedHeader({ alg: "RS256", typ: "JWT" }).setIssuer(issuer).setAudience(audience);
      if (subject !== "") jwt.setSubject(subject);
      const assertion = await jwt
        .setIssuedAt(issued)
        .setExpirationTime(issued + 3600)
        .sign(key);
      return new URLSearchParams({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion });
    },
  };
}

function privateKey(pem: string): KeyObject {
  try {
    // Often copied out of JSON, where its lines end in \n.
    const key = createPrivateKey(pem.replaceAll("\\n", "\n"));
    if (key.asymmetricKeyType === "rsa") return key;
  } catch {
    // Said below: what OpenSSL says of it may quote it.
  }
  throw badRequest("the private key of the data source is no RSA key in PEM form");
}

const filled = ({ url, scopes, params }: RouteTokenAuth, settings: DataSourceSettings): RouteTokenAuth => ({
  url: fillTemplate(url, settings),
  scopes: scopes.map((scope) => fillTemplate(scope, settings)),
  params: Object.fromEntries(Object.entries(params).map(([key, param]) => [key, fillTemplate(param, settings)])),
});
