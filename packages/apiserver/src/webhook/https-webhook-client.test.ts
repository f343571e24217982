import { unavailable } from "@dataplane/meta";
import { expect, test } from "vitest";
import { aWebhook } from "../testing/a-webhook.js";
import { createWebhookClient } from "./https-webhook-client.js";
import type { WebhookClientConfig } from "./webhook-client.js";

const nowhere = createWebhookClient({ resolveService: () => Promise.reject(unavailable('service "x" not found')) });
const allowed = (): { readonly allowed: true } => ({ allowed: true });

const ask = (config: WebhookClientConfig, { client = nowhere, timeoutMs = 5_000, signal = new AbortController().signal } = {}) =>
  client.call(config, { kind: "AdmissionReview", request: { uid: "1" } }, { timeoutMs, signal });

test("a webhook is asked at its url, by the CA of its configuration", async () => {
  await using hook = await aWebhook(allowed);
  const config = hook.clientConfig("/validate");
  expect(await ask(config)).toMatchObject({ response: { uid: "1", allowed: true } });
  expect(await ask(config)).toMatchObject({ response: { allowed: true } });
  expect(hook.asked).toMatchObject([{ path: "/validate" }, { path: "/validate" }]);
  const untrusted = `Post "https://127.0.0.1:${hook.port}/?timeout=5s": tls: failed to verify certificate: x509: certificate signed by unknown authority`;
  await expect(ask({ url: `https://127.0.0.1:${hook.port}/` })).rejects.toMatchObject({ message: untrusted, timedOut: false });
});

test("a service is reached where it is, and its certificate is for its name", async () => {
  await using hook = await aWebhook(allowed, { subjectAltName: "DNS:hook.default.svc" });
  const client = createWebhookClient({ resolveService: () => Promise.resolve({ host: "127.0.0.1", port: hook.port }) });
  const service = (name: string): WebhookClientConfig => ({ caBundle: hook.caBundle, service: { namespace: "default", name, path: "/x" } });
  expect(await ask(service("hook"), { client })).toMatchObject({ response: { allowed: true } });
  expect(hook.asked).toMatchObject([{ path: "/x" }]);
  await expect(ask(service("other"), { client })).rejects.toThrow("https://other.default.svc/x?timeout=5s");
  await expect(ask(service("hook"))).rejects.toThrow('Post "https://hook.default.svc/x?timeout=5s": service "x" not found');
});

test("a webhook that is not there, late, redirecting, too large or no JSON is a failure in words", async () => {
  const raw = async (
    answer: (respond: { status: (code: number, headers?: Record<string, string>) => void; body: (text: string) => void }) => void,
    words: string,
  ) => {
    await using hook = await aWebhook(allowed, {
      raw: (_request, response) =>
        answer({ status: (code, headers = {}) => void response.writeHead(code, headers), body: (text) => void response.end(text) }),
    });
    await expect(ask(hook.clientConfig(), { timeoutMs: 2_000 })).rejects.toThrow(words);
  };
  await raw(({ status, body }) => (status(302, { location: "https://127.0.0.1:1/" }), body("")), "redirect (302), which is not followed");
  await raw(({ status, body }) => (status(500), body("secret")), 'an error on the server ("status 500") has prevented the request from succeeding');
  await raw(({ status, body }) => (status(404), body("")), "the server could not find the requested resource");
  await raw(({ body }) => body("no json"), "the answer is no JSON");
  await raw(({ body }) => body("[]"), "the answer is no JSON object");
  await raw(({ body }) => body(`"${"x".repeat(4 * 1024 * 1024)}"`), "the answer is larger than 3145728 bytes");
  await expect(ask({ url: "https://127.0.0.1:1/" })).rejects.toThrow("dial tcp 127.0.0.1:1: connect: connection refused");
  await expect(ask({ url: "http://127.0.0.1:1/" })).rejects.toThrow("no https address");
});

test("a webhook that says nothing is given up in time, and told apart", async () => {
  await using hook = await aWebhook(allowed, { raw: () => undefined });
  const message = `Post "https://127.0.0.1:${hook.port}/?timeout=1s": context deadline exceeded`;
  await expect(ask(hook.clientConfig(), { timeoutMs: 300 })).rejects.toMatchObject({ message, timedOut: true });
  const stop = new AbortController();
  const asked = ask(hook.clientConfig(), { signal: stop.signal });
  stop.abort();
  await expect(asked).rejects.toMatchObject({ timedOut: false });
});
