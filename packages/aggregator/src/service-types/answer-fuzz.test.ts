import fc from "fast-check";
import { test } from "vitest";
import {
  answersAreWhole,
  chunksBecomeLines,
  hostileAnswers,
  hostileChunks,
  hostileResources,
  resourcesAreAnswers,
} from "../testing/hostile-answers.js";

const limits = { numRuns: 2000, interruptAfterTimeLimit: 8000 };

test("whatever chunks come, each line is one JSON object of a query that was asked, and nothing follows a cut", async () => {
  await fc.assert(
    fc.asyncProperty(hostileChunks, (chunks) => chunksBecomeLines(chunks)),
    limits,
  );
});

test("whatever answers come at once, each form is whole", async () => {
  await fc.assert(
    fc.asyncProperty(hostileAnswers, (answers) => answersAreWhole(answers)),
    limits,
  );
});

test("whatever a resource call sends, it is an answer that can be written, or an error with a Status", async () => {
  await fc.assert(
    fc.asyncProperty(hostileResources, (messages) => resourcesAreAnswers(messages)),
    limits,
  );
});
