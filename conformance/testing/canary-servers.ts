import { generateKeyPairSync } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { canaryOf } from "./canaries.js";

export interface Received {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A server on a free port of loopback, which keeps what it was sent. */
export interface CanaryServer {
  readonly url: string;
  /** `host:port`. */
  readonly address: string;
  readonly received: readonly Received[];
  close(): Promise<void>;
}

/** The token server of RFC 6749: its tokens are secrets that no client ever has. `/broken` repeats what it was sent, and refuses. */
export const tokenServer = (): Promise<CanaryServer> =>
  listen(({ url, body }) => {
    if (url === "/broken") return { status: 400, text: JSON.stringify({ error: "invalid_client", error_description: body }) };
    const grant = new URLSearchParams(body).has("assertion") ? "jwt" : "oauth";
    return { status: 200, text: JSON.stringify({ access_token: canaryOf(`${grant}-access-token`), expires_in: 3600 }) };
  });

/** What a data source's URL names. */
export const backendServer = (): Promise<CanaryServer> => listen(() => ({ status: 200, text: "{}" }));

async function listen(answer: (received: Received) => { readonly status: number; readonly text: string }): Promise<CanaryServer> {
  const received: Received[] = [];
  const server: Server = createServer((request, response) => {
    void text(request).then((body) => {
      const one = { url: request.url ?? "", headers: request.headers, body };
      received.push(one);
      const { status, text: answered } = answer(one);
      response.writeHead(status, { "content-type": "application/json" }).end(answered);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...{ url: `http://${address}`, address, received },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
/** A key that works: its own lines are the canaries. */
export const signingKey = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
/** Each way of a plugin's `routes` to log in at a backend; all of their values are secrets. */
export const tokenRoutes = (url: string) => {
  const client = { grant_type: "client_credentials", client_id: "{{ .JsonData.clientId }}", client_secret: "{{ .SecureJsonData.clientSecret }}" };
  const account = { token_uri: `${url}/jwt`, client_email: "robot@example.com", private_key: "{{ .SecureJsonData.privateKey }}" };
  return [
    { path: "oauth", method: "*", tokenAuth: { url: `${url}/oauth`, params: client } },
    { path: "refused", method: "*", tokenAuth: { url: `${url}/broken`, params: client } },
    { path: "jwt", method: "*", jwtTokenAuth: { scopes: ["read"], params: account } },
    { path: "broken-key", method: "*", jwtTokenAuth: { scopes: [], params: { ...account, private_key: "{{ .SecureJsonData.clientSecret }}" } } },
    {
      ...{ path: "template", method: "*", body: { key: "{{ .SecureJsonData.apiKey }}" } },
      headers: [{ name: "X-Route", content: "Key {{ .SecureJsonData.apiKey }}" }],
      urlParams: [{ name: "key", content: "{{ .SecureJsonData.apiKey }}" }],
    },
  ];
};
