import type { Awaitable, Call, DataSourceSettings, Frame, FrameChunks, Query } from "@dataplane/plugin-sdk";

export interface ScenarioInput {
  readonly query: Query;
  readonly call: Call;
  readonly settings: DataSourceSettings;
}

/** One way to answer a query; `scenarioId` of the query picks it. */
export interface Scenario {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** What `stringInput` is when the query has none. */
  readonly stringInput?: string;
  readonly run: (input: ScenarioInput) => Awaitable<readonly Frame[] | FrameChunks>;
}
