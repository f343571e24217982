import { setTimeout as sleep } from "node:timers/promises";
import { BadRequestError, type Call, jsonResponse, resourceRouter, route } from "@dataplane/plugin-sdk";
import { scenarios } from "./scenarios.js";

/** HTTP endpoints for trying out how a host passes resource calls on. */
export const resources = resourceRouter([
  route("GET", "/scenarios", () =>
    jsonResponse(scenarios.map(({ id, name, description, stringInput = "" }) => ({ id, name, description, stringInput }))),
  ),
  route("*", "/echo", ({ method, path, query, headers, body }) =>
    jsonResponse({
      method,
      path,
      query: [...query].map(([name, value]) => ({ name, value })),
      // Whoever may see an echo may still not see what authenticates another.
      headers: Object.fromEntries([...headers].filter(([name]) => !/authorization|cookie|token/.test(name))),
      body: new TextDecoder().decode(body),
    }),
  ),
  route("GET", "/test", () => ({ headers: { "content-type": "text/plain; charset=utf-8" }, body: "Hello world from test datasource!" })),
  route("POST", "/test/json", (request) => jsonResponse({ message: "Hello world from test datasource!", request: request.json() })),
  route("GET", "/stream", ({ query }, { signal }) => {
    const count = boundedInteger(query.get("count"), { name: "count", fallback: 10, min: 1, max: 10_000 });
    const interval = boundedInteger(query.get("interval"), { name: "interval", fallback: 100, min: 0, max: 60_000 });
    return { headers: { "content-type": "application/x-ndjson" }, body: lines({ count, interval, signal }) };
  }),
]);

async function* lines({ count, interval, signal }: { readonly count: number; readonly interval: number; readonly signal: Call["signal"] }) {
  for (let index = 0; index < count; index += 1) {
    if (index > 0) await sleep(interval, undefined, { signal });
    yield `${JSON.stringify({ index, time: new Date().toISOString() })}\n`;
  }
}

function boundedInteger(
  text: string | null,
  { name, fallback, min, max }: { readonly name: string; readonly fallback: number; readonly min: number; readonly max: number },
): number {
  if (text === null || text === "") return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) throw new BadRequestError(`${name} must be a whole number from ${min} to ${max}`);
  return value;
}
