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
  await expect(ask(service("other"), { client })).rejects.toThrow("https://other.default.svc:443/x?timeout=5s");
  await expect(ask(service("hook"))).rejects.toThrow('Post "https://hook.default.svc:443/x?timeout=5s": service "x" not found');
});

test.each<[string, number, string]>([
  ["redirect (302), which is not followed", 302, ""],
  ['an error on the server ("status 500") has prevented the request from succeeding', 500, "secret"],
  ["the server could not find the requested resource", 404, ""],
  ["the answer is no JSON", 200, "no json"],
  ["the answer is no JSON object", 200, "[]"],
  ["the answer is larger than 3145728 bytes", 200, `"${"x".repeat(4 * 1024 * 1024)}"`],
])("an answer that is none is told: %s", async (words, status, body) => {
  await using hook = await aWebhook(allowed, {
    raw: (_request, response) => {
      response.writeHead(status, status === 302 ? { location: "https://127.0.0.1:1/" } : {});
      response.end(body);
    },
  });
  const failure = await ask(hook.clientConfig()).catch((error: unknown) => error);
  expect(failure).toMatchObject({ message: words.startsWith("redirect") ? expect.stringContaining(words) : words, timedOut: false });
});

test("a webhook that is not there, or not behind HTTPS, is a failure in words", async () => {
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
