/** A condition of `status.conditions` (https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1#Condition). */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  /** One CamelCase word. */
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

/** The same conditions with `next` in place; lastTransitionTime moves only when the status does. */
export function setCondition(conditions: readonly Condition[], next: Omit<Condition, "lastTransitionTime">, now: Date): readonly Condition[] {
  const previous = conditions.find(({ type }) => type === next.type);
  const lastTransitionTime = previous?.status === next.status ? previous.lastTransitionTime : rfc3339(now);
  const condition: Condition = { ...next, lastTransitionTime };
  return previous === undefined ? [...conditions, condition] : conditions.map((it) => (it === previous ? condition : it));
}

/** RFC 3339 in UTC with seconds: the form of every `Time` of the API. */
export const rfc3339 = (time: Date): string => time.toISOString().replace(/\.\d{3}Z$/, "Z");
