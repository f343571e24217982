import { ApiError, systemClock, unavailable } from "@dataplane/meta";
import { expect, test } from "vitest";
import { whenStoreAnswers } from "./when-store-answers.js";

const { signal } = new AbortController();

test("a step is taken again while the store is away, and its own faults are thrown", async () => {
  const answers = [unavailable("the store cannot be reached now"), new ApiError("Timeout", "not known")];
  const step = (): Promise<string> => {
    const thrown = answers.shift();
    return thrown === undefined ? Promise.resolve("done") : Promise.reject(thrown);
  };
  expect(await whenStoreAnswers(step, { clock: systemClock, signal })).toBe("done");
  await expect(whenStoreAnswers(() => Promise.reject(new ApiError("Forbidden", "no")), { clock: systemClock, signal })).rejects.toThrow("no");
});

test("a server that is to end waits no longer", async () => {
  const ending = new AbortController();
  const waiting = whenStoreAnswers(() => Promise.reject(unavailable("away")), { clock: systemClock, signal: ending.signal });
  setTimeout(() => ending.abort(), 50);
  await expect(waiting).rejects.toThrow();
});
