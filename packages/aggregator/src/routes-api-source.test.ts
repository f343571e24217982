import { expect, test } from "vitest";
import { dataPlaneServiceFrom } from "./dataplaneservice.js";
import { aDataPlaneService, aPlugin, startAggregator } from "./testing/start-aggregator.js";

test("what a service shows in discovery is made once, whatever becomes of the others", () => {
  const { aggregator } = startAggregator({ plugins: [aPlugin({ id: "prometheus" })], services: [aDataPlaneService({ plugin: "prometheus" })] });
  const [first] = aggregator.apiSource.served();
  aggregator.serve(dataPlaneServiceFrom(aDataPlaneService({ plugin: "prometheus", group: "other.example.com" })));
  expect(aggregator.apiSource.served()).toHaveLength(3);
  expect(aggregator.apiSource.served()[0]).toBe(first);

  aggregator.serve(dataPlaneServiceFrom(aDataPlaneService({ plugin: "prometheus", serves: ["query", "route"] })));
  expect(aggregator.apiSource.served()[0]?.resources.map(({ name }) => name)).toContain("datasources/resources");
});
