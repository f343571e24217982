import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { Agent, get } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { connect } from "node:tls";
import { authorityExtensions, clientExtensions, issueByOpenssl } from "@dataplane/apiserver/testing";
import { type Handler, silentLogger } from "@dataplane/meta";
import { afterEach, expect, test } from "vitest";
import { LiveValue } from "../tls/live.js";
import { openServingCertificate } from "../tls/serving-certificate.js";
import { type Listener, listenHttp, listenHttps } from "./listeners.js";

const serving = () => openServingCertificate(mkdtempSync(path.join(tmpdir(), "peer-")), new Date());
const first = serving();
const clientCa = await issueByOpenssl({ subject: "/CN=clients", extensions: authorityExtensions });
const intermediate = await issueByOpenssl({ subject: "/CN=between", issuer: clientCa, extensions: authorityExtensions });
const ann = await issueByOpenssl({ subject: "/CN=ann", issuer: clientCa, extensions: clientExtensions });
const bob = await issueByOpenssl({ subject: "/CN=bob", issuer: intermediate, extensions: clientExtensions });
const stranger = await issueByOpenssl({ subject: "/CN=stranger" });

const listeners: Listener[] = [];
afterEach(async () => {
  for (const listener of listeners.splice(0)) {
    listener.destroy();
    await listener.close();
  }
});

/** Says whose certificate a request has, and by which it was issued. */
const who: Handler = ({ peerCertificate, upgrade }) => {
  const names = [peerCertificate, peerCertificate?.issuerCertificate].map((it) => it?.subject ?? "-");
  return Promise.resolve({ status: 200, headers: {}, body: [...names, ...(upgrade === undefined ? [] : [upgrade])].join(" ") });
};

async function listening(handler: Handler = who) {
  const credentials = new LiveValue({ ...first, clientAuthorities: clientCa.cert });
  const listener = await listenHttps({ host: "127.0.0.1", port: 0, handler, logger: silentLogger, credentials });
  listeners.push(listener);
  return { credentials, url: `https://localhost:${listener.port}`, port: listener.port };
}

const body = (url: string, agent: Agent): Promise<string> =>
  new Promise((resolve, reject) => {
    get(url, { agent, ca: first.ca }, (answer) => void text(answer).then(resolve, reject)).on("error", reject);
  });

test("the certificate that a client shows comes with each of its requests, known issuer or not; without one there is none", async () => {
  const { url } = await listening();
  for (const [shown, expected] of [
    [ann, "CN=ann -"],
    [stranger, "CN=stranger -"],
    [{}, "- -"],
  ] as const) {
    const agent = new Agent({ ...shown, keepAlive: true, maxSockets: 1 });
    expect([await body(url, agent), await body(url, agent)]).toEqual([expected, expected]);
    agent.destroy();
  }
});

test("a resumed session has the chain that it began with", async () => {
  const { url, port } = await listening();
  const options = { port, host: "localhost", ca: first.ca, key: bob.key, cert: bob.cert + intermediate.cert };
  const begun = connect(options);
  const [session] = (await once(begun, "session")) as [Buffer];
  begun.destroy();
  const resumed = connect({ ...options, session, ALPNProtocols: ["http/1.1"] });
  await once(resumed, "secureConnect");
  expect(resumed.isSessionReused()).toBe(true);
  resumed.write(`GET / HTTP/1.1\r\nHost: ${new URL(url).host}\r\nConnection: close\r\n\r\n`);
  expect(await text(resumed)).toContain("CN=bob CN=between");
});

test("over HTTP/2 each stream has it, and a request that asks to leave HTTP too", async () => {
  const { url } = await listening();
  const session = connectHttp2(url, { ca: first.ca, ...ann });
  const answers = [1, 2].map(() => text(session.request({ ":path": "/" })));
  expect(await Promise.all(answers)).toEqual(["CN=ann -", "CN=ann -"]);
  session.close();
  const agent = new Agent(ann);
  const headers = { connection: "Upgrade", upgrade: "websocket" };
  const upgraded = await new Promise<string>((resolve, reject) => {
    get(url, { agent, ca: first.ca, headers }, (answer) => void text(answer).then(resolve, reject)).on("error", reject);
  });
  expect(upgraded).toBe("CN=ann - websocket");
});

test("HTTP in the clear never has one", async () => {
  const listener = await listenHttp({ host: "127.0.0.1", port: 0, handler: who, logger: silentLogger });
  listeners.push(listener);
  const answer = new Promise<string>((resolve) => {
    httpRequest({ port: listener.port, host: "127.0.0.1" }, (response) => void text(response).then(resolve)).end();
  });
  expect(await answer).toBe("- -");
});

test("a hundred exchanges of certificate and authority, under load, fail no request and break no connection", async () => {
  const { credentials, url, port } = await listening();
  const second = serving();
  const both = first.ca + second.ca;
  let swaps = 0;
  let answered = 0;
  const shownBy = new Set<string>();
  const kept = connectHttp2(url, { ca: both, ...ann });
  // A busy machine answers less in the time of the exchanges: they go on until it has.
  const isDone = (): boolean => swaps >= 100 && answered > 100;
  const load = async (): Promise<void> => {
    while (!isDone()) {
      const socket = connect({ port, host: "localhost", ca: both, ...ann });
      await once(socket, "secureConnect");
      shownBy.add(socket.getPeerX509Certificate()?.fingerprint256 ?? "");
      socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      expect(await text(socket)).toContain("CN=ann -");
      answered += 1;
    }
  };
  const streams = async (): Promise<void> => {
    while (!isDone()) {
      expect(await text(kept.request({ ":path": "/" }))).toBe("CN=ann -");
      answered += 1;
    }
  };
  const swapping = async (): Promise<void> => {
    while (!isDone()) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      swaps += 1;
      credentials.set({ ...(swaps % 2 === 0 ? first : second), clientAuthorities: swaps % 3 === 0 ? clientCa.cert + stranger.cert : clientCa.cert });
    }
  };
  await Promise.all([load(), load(), streams(), swapping()]);
  kept.close();
  expect(swaps).toBeGreaterThanOrEqual(100);
  expect(shownBy.size).toBe(2);
});
