/* eslint-disable sonarjs/no-empty-test-file -- the suite declares the tests */
import { links } from "./links.js";
import { describeLink } from "./testing/describe-link.js";

for (const [name, open] of Object.entries(links)) describeLink(name, open);
