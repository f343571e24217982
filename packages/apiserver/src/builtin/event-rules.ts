import { type ApiObject, type Cause, isJsonObject, qualifiedNameProblems } from "@dataplane/meta";
import { invalidValue, required } from "../schema/field-errors.js";

// The rules of Kubernetes for events, with its paths: those of core/v1 whatever the version of the request, but for who reports.

const longestTexts = { reportingInstance: 128, action: 128, reason: 128, message: 1_024 } as const;

/** What any version of the kind asks of an event, which has the names of core/v1. `reporter` is what the request's version calls who reports. */
export function eventCauses(event: ApiObject, reporter: "reportingComponent" | "reportingController"): readonly Cause[] {
  const hasTime = isSet(event["eventTime"]);
  return [...namespaceCauses(event, hasTime), ...(hasTime ? timedEventCauses(event, reporter) : [])];
}

/** An event lies where its object does; those of objects without a namespace lie in default, or in kube-system where they are of the newer form. */
function namespaceCauses(event: ApiObject, hasTime: boolean): readonly Cause[] {
  const { namespace = "" } = event.metadata;
  const subject = textAt(event["involvedObject"], "namespace");
  const isHome = subject === "" ? namespace === "default" || (hasTime && namespace === "kube-system") : hasTime || subject === namespace;
  return isHome ? [] : [invalidValue("involvedObject.namespace", subject, "does not match event.namespace")];
}

function timedEventCauses(event: ApiObject, reporter: string): readonly Cause[] {
  const requiredText = (name: "reportingInstance" | "action" | "reason"): readonly Cause[] => [
    ...(textAt(event, name) === "" ? [required(name)] : []),
    ...lengthCauses(event, name),
  ];
  const who = textAt(event, "reportingComponent");
  return [
    ...(who === "" ? [required(reporter)] : []),
    ...qualifiedNameProblems(who).map((problem) => invalidValue(reporter, who, problem)),
    ...requiredText("reportingInstance"),
    ...requiredText("action"),
    ...requiredText("reason"),
    ...lengthCauses(event, "message"),
  ];
}

function lengthCauses(event: ApiObject, name: keyof typeof longestTexts): readonly Cause[] {
  const most = longestTexts[name];
  return Buffer.byteLength(textAt(event, name)) > most ? [invalidValue(name, "", `can have at most ${most} characters`)] : [];
}

/** What events.k8s.io/v1 asks of a new event beside. */
export function newEventCauses(event: ApiObject): readonly Cause[] {
  const type = textAt(event, "type");
  const unset = (field: string, isUnset: boolean): readonly Cause[] => (isUnset ? [] : [invalidValue(field, "", "needs to be unset")]);
  const { source } = event;
  return [
    ...seriesCauses(event["series"]),
    ...(isSet(event["eventTime"]) ? [] : [required("eventTime")]),
    ...(type === "Normal" || type === "Warning" ? [] : [invalidValue("type", "", `has invalid value: ${type}`)]),
    ...unset("firstTimestamp", !isSet(event["firstTimestamp"])),
    ...unset("lastTimestamp", !isSet(event["lastTimestamp"])),
    ...unset("count", !isCounted(event["count"])),
    ...unset("source", textAt(source, "component") === "" && textAt(source, "host") === ""),
  ];
}

function seriesCauses(series: unknown): readonly Cause[] {
  if (!isJsonObject(series)) return [];
  const { count, lastObservedTime } = series;
  return [
    ...(typeof count === "number" && count >= 2 ? [] : [invalidValue("series.count", "", "should be at least 2")]),
    ...(isSet(lastObservedTime) ? [] : [required("series.lastObservedTime")]),
  ];
}

const isSet = (value: unknown): boolean => typeof value === "string" && value !== "";

const isCounted = (value: unknown): boolean => typeof value === "number" && value !== 0;

function textAt(value: unknown, key: string): string {
  const found = isJsonObject(value) ? value[key] : undefined;
  return typeof found === "string" ? found : "";
}
