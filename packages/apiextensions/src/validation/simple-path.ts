import type { Cause } from "@dataplane/meta";
import { jsonPathProblem } from "../json-path/parse-json-path.js";
import { invalid } from "./causes.js";

/** What is wrong with a path such as `.spec.replicas`. Kubernetes takes any text after the dot; what cannot be read is refused here too. */
export function simplePathCauses(value: string, path: string): readonly Cause[] {
  if (value === "") return [invalid(path, value, "must not be empty")];
  if (!value.startsWith(".")) return [invalid(path, value, "must be a simple json path starting with .")];
  const problem = jsonPathProblem(value);
  return problem === undefined ? [] : [invalid(path, value, problem)];
}
