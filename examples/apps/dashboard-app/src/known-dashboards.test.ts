import { expect, test } from "vitest";
import { KnownDashboards } from "./known-dashboards.js";

const dashboard = (namespace: string, name: string, panels: number) => ({
  metadata: { namespace, name },
  spec: { title: name, layout: { panels: Array.from({ length: panels }, (_, id) => ({ id })) } },
});

test("dashboards are counted by namespace", () => {
  const known = new KnownDashboards();
  known.set(dashboard("default", "a", 2));
  known.set(dashboard("org-2", "b", 3));
  expect(known.counts("default")).toEqual({ dashboards: 1, panels: 2 });
  expect(known.counts("")).toEqual({ dashboards: 2, panels: 5 });
  expect(known.get("org-2", "b")).toEqual(dashboard("org-2", "b", 3));
  known.delete("org-2", "b");
  expect(known.counts("")).toEqual({ dashboards: 1, panels: 2 });
});

test("who follows sees each change, and ends when told", async () => {
  const known = new KnownDashboards();
  const gone = new AbortController();
  const seen: number[] = [];
  const followed = (async () => {
    for await (const { dashboards } of known.follow("default", gone.signal)) {
      seen.push(dashboards);
      if (dashboards === 0) setImmediate(() => known.set(dashboard("default", "a", 1)));
      else gone.abort();
    }
  })();
  await followed;
  expect(seen).toEqual([0, 1]);
});
