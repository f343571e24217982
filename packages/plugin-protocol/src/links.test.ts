import { expect, test } from "vitest";
import { links } from "./links.js";
import { describeLink } from "./testing/describe-link.js";

test("the links have the names that the configuration knows", () => {
  expect(Object.keys(links)).toEqual(["grpc-js", "native"]);
});

for (const [name, open] of Object.entries(links)) describeLink(name, open);
