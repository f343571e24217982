/** One request of a sequence. Texts `$rv(N)`, `$uid(N)` and `$continue(N)` in path and body stand for what step N was answered. */
export interface Step {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With its query. */
  readonly path: string;
  readonly accept?: string;
  readonly contentType?: string;
  /** Sent as it is when a text, else as JSON. */
  readonly body?: unknown;
}

/** What a server said, without what differs from run to run. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** Texts of `Warning` headers. */
  readonly warnings?: readonly string[];
}

export interface RecordedStep {
  readonly step: Step;
  readonly answer: Answer;
}
