/** What a path and method ask for, parsed once: routing and authorization both read this and nothing else. */
export interface RequestInfo {
  /** False for paths outside `/api` and `/apis`, and for discovery: then only `path` and `verb` (the method in lower case) mean something. */
  readonly isResourceRequest: boolean;
  /** The decoded path, without empty or dot segments. */
  readonly path: string;
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
  readonly subresource: string;
  /** The decoded segments after `/apis/<group>/<version>` (or `/api/v1`). */
  readonly segments: readonly string[];
}
