/* eslint-disable sonarjs/no-empty-test-file -- describeStore declares the tests */
import { describeStore } from "./conformance.js";
import { createMemoryStore } from "./memory-store.js";

describeStore("memory", () => Promise.resolve(createMemoryStore()));
