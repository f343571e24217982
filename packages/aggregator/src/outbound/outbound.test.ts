import { createServer, type Server } from "node:net";
import { expect, test } from "vitest";
import { parseAddressRules } from "./address-rules.js";
import { DestinationDenied } from "./destination-denied.js";
import { type DestinationRules, defaultRules, type UrlAuthor } from "./destination-rules.js";
import { exchange } from "./exchange.js";
import type { ResolveHost } from "./guarded-connector.js";
import { createOutbound } from "./outbound.js";
import { OutboundUrlError, parseOutboundUrl } from "./outbound-url.js";

/** Answers 200 to everything, and counts who came. */
async function aListener(host: string, port = 0): Promise<{ port: number; connects: () => number; close: () => Promise<void> }> {
  let connects = 0;
  const server: Server = createServer((socket) => {
    connects += 1;
    socket.on("error", () => undefined);
    socket.resume().end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, host, resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    connects: () => connects,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

const names = new Map<string, readonly string[]>();
const littleDns: ResolveHost = (hostname) => {
  const addresses = names.get(hostname);
  if (addresses === undefined) return Promise.reject(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }));
  return Promise.resolve(addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })));
};

async function attempt(text: string, author: UrlAuthor, rules: DestinationRules = defaultRules): Promise<unknown> {
  const outbound = createOutbound({ rules, resolve: littleDns, connectTimeoutMs: 500 });
  try {
    const url = parseOutboundUrl(text);
    const { status } = await exchange(outbound, {
      ...{ url, route: { author }, method: "GET", headers: {}, timeoutMs: 1000, signal: AbortSignal.timeout(1000) },
    });
    return status;
  } catch (thrown) {
    return thrown;
  } finally {
    await outbound.close();
  }
}

const denied = (outcome: unknown): boolean => outcome instanceof DestinationDenied || outcome instanceof OutboundUrlError;

const loopbackV4 = ["127.0.0.1", "127.0.0.2", "127.1.2.3", "127.255.255.254", "0.0.0.0"];
const otherForms = [
  ...["2130706433", "0x7f000001", "017700000001", "0x7f.0.0.1", "0177.0.0.1", "127.1", "127.0.1", "0", "00.0.0.0", "127.0.0.1.", "0x7f.1"],
  ...["127.0.0.01", "127.0.0.0x1", "２１３０７０６４３３", "１２７.0.0.1", "127。0。0。1", "①②⑦.0.0.1", "127%2e0%2e0%2e1", "%31%32%37.0.0.1"],
];
const privateV4 = [
  ...["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255", "100.64.0.1", "100.127.255.255"],
  ...["169.254.0.1", "169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192", "0.1.2.3", "198.18.0.1"],
  ...["224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.51.100.7", "203.0.113.9"],
];
const v6 = [
  ...["::1", "::", "0:0:0:0:0:0:0:1", "0000:0000:0000:0000:0000:0000:0000:0001", "fe80::1", "febf::1", "fec0::1", "fc00::1", "fd00::1"],
  ...["fdff:ffff::1", "fd00:ec2::254", "ff02::1", "ff05::2", "2001:db8::1", "100::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:10.0.0.1"],
  ...["::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "::127.0.0.1", "::ffff:0:127.0.0.1", "::ffff:0.0.0.0", "64:ff9b::127.0.0.1", "64:ff9b::7f00:1"],
  ...["64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::1", "2002:c0a8:1::"],
  ...["2001:0:0:0:0:0:80ff:fffe", "2001::5601:5601"],
];
const schemes = ["ftp", "file", "gopher", "ws", "wss", "javascript", "data", "ldap", "dict", "unix", "h2c"];
const odd = [
  ...["http://user@H", "http://user:pw@H", "http://@H", "http://:@H", "http://public.test@H", "http://H@public.test", "http://public.test\\@H"],
  ...[
    "http:\\\\H",
    "http:///H",
    "http:/H",
    "http:H",
    "//H",
    "http://H\t",
    "http://H\n.public.test",
    "http://pub\tlic.test",
    " ",
    "",
    "http://",
    "http://[::1",
  ],
  ...["http://[::1%25lo]/", "http://[fe80::1%25eth0]/", "http://H:99999", "http://H:-1", "http://%00/", "http://H%0d%0a"],
];

test("no denied address is connected to: other forms, IPv6 that means IPv4, names, odd URLs", async () => {
  const four = await aListener("127.0.0.1");
  const six = await aListener("::1", four.port).catch(() => undefined);
  const addresses = [...loopbackV4, ...privateV4, ...v6];
  for (const [index, address] of addresses.entries()) names.set(`name${index}.test`, [address]);
  const urls = [
    ...[...loopbackV4, ...otherForms, ...privateV4].map((host) => `http://${host}:${four.port}/`),
    ...v6.map((host) => `http://[${host}]:${four.port}/`),
    ...addresses.map((_, index) => `http://name${index}.test:${four.port}/`),
    ...schemes.map((scheme) => `${scheme}://127.0.0.1:${four.port}/`),
    ...odd.map((text) => text.replace("H", `127.0.0.1:${four.port}`)),
  ];
  expect(urls.length).toBeGreaterThanOrEqual(120);
  const outcomes = await Promise.all(urls.map(async (url) => [url, await attempt(url, "software")] as const));
  const let_through = outcomes.filter(([, outcome]) => !denied(outcome) && (outcome as { code?: string }).code !== "ENOTFOUND").map(([url]) => url);
  expect(let_through).toEqual([]);
  expect([four.connects(), six?.connects() ?? 0]).toEqual([0, 0]);
  await Promise.all([four.close(), six?.close()]);
});

test("an administrator's URL may be loopback or private, and yet not the metadata addresses, by name or form", async () => {
  const listener = await aListener("127.0.0.1");
  names.set("meta.test", ["169.254.169.254"]);
  expect(await attempt(`http://127.0.0.1:${listener.port}`, "administrator")).toBe(200);
  const six = await aListener("::1").catch(() => undefined);
  if (six !== undefined) expect(await attempt(`http://[::1]:${six.port}`, "administrator")).toBe(200);
  await six?.close();
  for (const host of ["169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "meta.test", "100.100.100.200"]) {
    expect(await attempt(`http://${host}/latest/meta-data`, "administrator")).toBeInstanceOf(DestinationDenied);
  }
  // A name that is allowed is not enough for these.
  const byName = { ...defaultRules, allow: parseAddressRules(["meta.test"]) };
  expect(await attempt("http://meta.test/", "administrator", byName)).toBeInstanceOf(DestinationDenied);
  await listener.close();
});

test.runIf(process.platform === "linux")("a name that changes its mind takes no connection to a denied address", async () => {
  const allowed = await aListener("127.0.0.2");
  const forbidden = await aListener("127.0.0.1", allowed.port);
  let asked = 0;
  const rebinding: ResolveHost = () => {
    asked += 1;
    const turns: readonly (readonly string[])[] = [["127.0.0.2"], ["127.0.0.1"], ["127.0.0.1", "127.0.0.2"], ["::ffff:127.0.0.1"]];
    return Promise.resolve((turns[asked % turns.length] ?? []).map((address) => ({ address, family: address.includes(":") ? 6 : 4 })));
  };
  const outbound = createOutbound({ rules: { ...defaultRules, allow: parseAddressRules(["127.0.0.2/32"]) }, resolve: rebinding });
  const outcomes: unknown[] = [];
  for (let round = 0; round < 60; round += 1) {
    const url = new URL(`http://rebind${round % 7}.test:${allowed.port}/`);
    const request = { url, route: { author: "software" as const }, method: "GET", headers: {}, timeoutMs: 1000, signal: AbortSignal.timeout(1000) };
    outcomes.push(
      await exchange(outbound, request).then(
        ({ status, discard }) => {
          discard();
          return status;
        },
        (thrown: unknown) => thrown,
      ),
    );
  }
  expect(outcomes.filter((it) => it === 200)).toHaveLength(30);
  expect(outcomes.filter((it) => it instanceof DestinationDenied)).toHaveLength(30);
  // Once for each connection.
  expect(asked).toBe(60);
  expect([allowed.connects(), forbidden.connects()]).toEqual([30, 0]);
  await outbound.close();
  await Promise.all([allowed.close(), forbidden.close()]);
});

test("rules: deny comes first, allow opens, a whitelist closes all else to administrators", async () => {
  const listener = await aListener("127.0.0.1");
  names.set("db.test", ["127.0.0.1"]);
  const at = `db.test:${listener.port}`;
  const rules = (parts: Partial<Record<keyof DestinationRules, readonly string[]>>): DestinationRules => ({
    deny: parseAddressRules(parts.deny ?? []),
    allow: parseAddressRules(parts.allow ?? []),
    whitelist: parseAddressRules(parts.whitelist ?? []),
  });
  const table: readonly (readonly [Parameters<typeof rules>[0], UrlAuthor, boolean])[] = [
    [{}, "administrator", true],
    [{}, "software", false],
    [{ allow: [at] }, "software", true],
    [{ allow: ["db.test"] }, "software", true],
    [{ allow: ["DB.test"] }, "software", true],
    [{ allow: ["db.test:1"] }, "software", false],
    [{ allow: ["127.0.0.0/8"] }, "software", true],
    [{ allow: ["127.0.0.1"] }, "software", true],
    [{ allow: ["10.0.0.0/8"] }, "software", false],
    [{ deny: ["127.0.0.0/8"], allow: [at] }, "software", false],
    [{ deny: ["db.test"] }, "administrator", false],
    [{ deny: [at] }, "administrator", false],
    [{ deny: ["::ffff:0:0/96"] }, "administrator", true],
    [{ whitelist: [at] }, "administrator", true],
    [{ whitelist: ["other.test:80"] }, "administrator", false],
    [{ whitelist: ["other.test:80"], allow: ["127.0.0.1"] }, "administrator", true],
  ];
  for (const [parts, author, reaches] of table) {
    const outcome = await attempt(`http://${at}/`, author, rules(parts));
    expect([parts, outcome === 200], JSON.stringify(outcome)).toEqual([parts, reaches]);
  }
  await listener.close();
});

test.each(["10.0.0.0/33", "10.0.0/8", "a b", "http://x", "host:99999", "[::1", "::1:x", "x/8"])("%s is no rule", (entry) => {
  expect(() => parseAddressRules([entry])).toThrow("expected");
});

test("a URL without a scheme is http, as in Grafana", () => {
  expect(parseOutboundUrl("localhost:9090/x").href).toBe("http://localhost:9090/x");
  expect(parseOutboundUrl("HTTPS://Example.COM").href).toBe("https://example.com/");
});

test("a backend that resets between its headers and the reading of its body is an error of that reading alone", async () => {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", () => socket.resetAndDestroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = new URL(`http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`);
  const outbound = createOutbound();
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const request = {
        url,
        route: { author: "administrator" as const },
        method: "POST",
        headers: {},
        timeoutMs: 1000,
        signal: new AbortController().signal,
      };
      const answer = await exchange(outbound, request).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (answer === undefined) return "failed";
      try {
        for await (const _ of answer.body);
        return "whole";
      } catch {
        return "failed";
      }
    }),
  );
  expect(outcomes.filter((it) => it === "whole")).toEqual([]);
  await outbound.close();
  await new Promise((resolve) => server.close(resolve));
});
