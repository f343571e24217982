import { describeStore } from "./conformance.js";
import { createMemoryStore } from "./memory-store.js";

describeStore("memory", () => Promise.resolve(createMemoryStore()));
