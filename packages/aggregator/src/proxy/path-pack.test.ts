import { roleGroups } from "@dataplane/apiserver";
import { expect, test } from "vitest";
import { aBackend } from "../testing/a-backend.js";
import { proxyPath, startProxy } from "../testing/a-proxy.js";

/** Pieces that parsers read differently: CVE-2025-3454, CVE-2026-22641 and their kin. */
const tricks = [
  ...["", ".", "..", "...", "%2e", "%2E%2e", "%2e%2e", ".%2e", "%2e.", "%252e%252e", "%25252e%25252e", "..;", "..;x=1", ".;", "%2e%2e;a", "..%3b"],
  ...[
    "%2f",
    "%2F",
    "%5c",
    "%5C",
    "\\",
    "..\\",
    "..%5c",
    "..%2f",
    "%2f..",
    "%252f",
    "%255c",
    "%00",
    "..%00",
    "%0a",
    "%0d",
    "%09",
    "%20",
    ".. ",
    "..%20",
  ],
  ...[
    "%c0%ae%c0%ae",
    "%c0%af",
    "%e0%80%ae",
    "%uff0e%uff0e",
    "．．",
    "%ef%bc%8e%ef%bc%8e",
    ";",
    ";a=b",
    "a;b",
    "%3b",
    "?",
    "%3f",
    "#",
    "%23",
    "~",
    "*",
  ],
];

const admins = [
  "admin",
  "%61dmin",
  "adm%69n",
  "%2561dmin",
  "admin;",
  "admin;x",
  "admin%3b",
  "admin%20",
  "admin.",
  "admin%2e",
  "ADMIN",
  "admin%00",
  "admin/.",
];

const paths = [
  ...tricks.flatMap((trick) => [
    `/${trick}/admin`,
    `/${trick}/${trick}/admin`,
    `/x/${trick}/admin`,
    `/x/y/${trick}/../admin`,
    `/admin/${trick}/x`,
    `/x/${trick}`,
  ]),
  ...admins.flatMap((admin) => [
    `/${admin}`,
    `//${admin}`,
    `/${admin}/`,
    `/./${admin}`,
    `/x/../${admin}`,
    `/x/..;/${admin}`,
    `/x/%2e%2e/${admin}`,
    `/${admin}//x`,
  ]),
];

/** What any server behind could take a path for: decoded once or twice, `;…` dropped or not, slashes merged, dots resolved. */
function readings(url: string): readonly string[] {
  const path = url.split(/[?#]/, 1)[0] ?? "";
  const once = decoded(path);
  const seen = [path, once, decoded(once)];
  return [...seen, ...seen.map((it) => it.replace(/;[^/]*/g, ""))].map(
    (it) => new URL(`http://x/${it.replaceAll("\\", "/").replace(/[\0-\x1f#?]/g, "")}`.replace(/(?<!:)\/+/g, "/")).pathname,
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

test("no way of writing a path gets past the role of a route, or out of the data source's own path", async () => {
  await using backend = await aBackend();
  const { send } = startProxy({ url: `${backend.url}/base`, routes: [{ path: "admin", reqRole: "Admin" }] });
  const viewer = { user: { name: "v", groups: [roleGroups.viewer] } };
  expect(paths.length).toBeGreaterThanOrEqual(300);
  const statuses = new Map<number, number>();
  for (const path of paths) {
    const before = backend.received.length;
    const { status } = await send("GET", `${proxyPath}${path}`, viewer).catch((thrown: unknown) => {
      // The harness parses the path as the filter does, which answers 400.
      const code = thrown instanceof Error && "code" in thrown ? thrown.code : 500;
      return { status: typeof code === "number" ? code : 500 };
    });
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    expect([200, 400, 403], path).toContain(status);
    for (const { url } of backend.received.slice(before)) {
      expect(url.startsWith("/base"), `${path} -> ${url}`).toBe(true);
      for (const reading of readings(url)) {
        expect(reading.startsWith("/base"), `${path} -> ${url} read as ${reading}`).toBe(true);
      }
      // Decoded once, which is what a server does, it is no path of the route that is for admins.
      expect(/^\/base\/admin(?:\/|$)/.test(decoded(url)), `${path} -> ${url}`).toBe(false);
    }
    expect(backend.received.length - before).toBe(status === 200 ? 1 : 0);
  }
  for (const status of [200, 400, 403]) expect(statuses.get(status) ?? 0).toBeGreaterThan(10);
});

test("the same pack for an admin reaches what is behind the route, and nothing outside", async () => {
  await using backend = await aBackend();
  const { send } = startProxy({ url: `${backend.url}/base`, routes: [{ path: "admin", reqRole: "Admin" }] });
  expect((await send("GET", `${proxyPath}/%61dmin/x`)).status).toBe(200);
  expect(backend.received[0]?.url).toBe("/base/admin/x");
});
