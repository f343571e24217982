import { looks, withoutLooks } from "./known-looks.js";
import type { Answer, Step } from "./step.js";

interface Rule {
  readonly reason: string;
  readonly covers: (step: Step, theirs: Answer, ours: Answer) => boolean;
}

interface Refusal {
  readonly message?: string;
  readonly reason?: string;
  readonly metadata?: { readonly continue?: string };
  readonly items?: readonly unknown[];
}

const bodyOf = ({ body }: Answer): Refusal => (typeof body === "object" && body !== null ? body : {});
const messageOf = (answer: Answer): string => bodyOf(answer).message ?? "";
const isRefusal = ({ status }: Answer): boolean => status >= 400 && status < 500;
const says = (answer: Answer, pattern: RegExp): boolean => pattern.test(messageOf(answer));

/** Words of Go's libraries, and names of its types. */
const goWords =
  /json: cannot unmarshal|json parse error|illegal base64|invalid JSON patch|invalid character|is registered for|unknown conversion|cannot restore|cannot convert|unrecognized type|accessor error|invalid object type: \/, Kind=/;

/** Differences that are meant. The list may only shrink: each rule is tested to be in use. */
const rules: readonly Rule[] = [
  {
    reason: "A fault is told by its field or place, not by Go's types and the words of its libraries.",
    covers: (_step, theirs, ours) => isRefusal(theirs) && isRefusal(ours) && says(theirs, goWords) && !says(ours, goWords),
  },
  {
    reason: "What is wrong with a request is the caller's fault: 4xx with a reason, never 500.",
    covers: (_step, theirs, ours) => theirs.status === 500 && bodyOf(theirs).reason === undefined && isRefusal(ours),
  },
  {
    reason: "Directives of strategic merges that kube-apiserver has not built yet, or holds to an order, are obeyed.",
    covers: (_step, theirs, ours) =>
      theirs.status === 500 && ours.status === 200 && says(theirs, /^merging lists cannot yet|^The order in patch list/),
  },
  {
    reason: "A type is named as OpenAPI names it, not as Go does.",
    covers: (_step, theirs, ours) => theirs.status === 422 && ours.status === 422 && says(theirs, /"float64": /),
  },
  {
    reason: "An operation that JSON patch does not have is a bad request.",
    covers: ({ contentType = "" }, theirs, ours) =>
      contentType.includes("json-patch") && theirs.status === 422 && ours.status === 400 && says(ours, /unknown op/),
  },
  {
    reason: "A path that is served by nobody is answered as a Status too.",
    covers: (_step, theirs, ours) => theirs.body === "404 page not found\n" && ours.status === 404,
  },
  {
    reason: "A selector that cannot be read is quoted whole.",
    covers: ({ path }, theirs, ours) => path.includes("Selector=") && theirs.status === 400 && ours.status === 400 && says(ours, /selector/),
  },
  {
    reason: "A 406 lists media types in one form, those alone that the resource has.",
    covers: ({ accept = "" }, theirs, ours) => accept !== "" && theirs.status === 406 && ours.status === 406,
  },
  {
    reason: "Any media type that the client's wish allows is better than a refusal.",
    covers: ({ accept = "" }, theirs, ours) =>
      /^application\/\*$|as=PartialObjectMetadata(?:List)?;/.test(accept) && theirs.status >= 400 && ours.status === 200,
  },
  {
    reason: "A patch of an object's uid or kind is refused for the name of what it would be, as a PUT is.",
    covers: ({ contentType = "" }, theirs, ours) =>
      contentType.includes("merge-patch") && theirs.status === 422 && says(ours, /Precondition failed: UID|^the kind in the data/),
  },
  {
    reason: "A body of another kind is a bad request, whatever else it says.",
    covers: ({ method }, theirs, ours) =>
      method === "POST" && theirs.status === 422 && ours.status === 400 && says(ours, /^the kind in the data|^the body must be a JSON object/),
  },
  {
    reason: "A body of a version that is not served is not read on for unknown fields.",
    covers: (_step, theirs, ours) =>
      theirs.warnings !== undefined &&
      ours.warnings === undefined &&
      JSON.stringify(theirs.body) === JSON.stringify(ours.body) &&
      says(ours, /API version in the data/),
  },
  {
    reason: "An apply to another name is told so before its conflicts.",
    covers: (_step, theirs, ours) => theirs.status === 409 && ours.status === 400 && says(ours, /does not match the name on the URL/),
  },
  {
    reason: "A scale that is none is refused under its own name, once.",
    covers: ({ path }, theirs, ours) => path.includes("/scale") && isRefusal(theirs) && ours.status === 422 && says(ours, /^Scale\.autoscaling/),
  },
  {
    reason: "A parameter that is none is told without the step at which kube-apiserver finds it.",
    covers: ({ path }, theirs, ours) => path.includes("includeObject=Nope") && isRefusal(theirs) && isRefusal(ours),
  },
  {
    reason: "A limit holds for reads of the cache too.",
    covers: ({ path }, theirs, ours) =>
      path.includes("resourceVersion=0&limit=") && (bodyOf(theirs).items ?? []).length > (bodyOf(ours).items ?? []).length,
  },
  {
    reason: "A list that has shown all that the selector selects has no next page.",
    covers: ({ path }, theirs, ours) =>
      path.includes("continue=") && bodyOf(theirs).metadata?.continue !== undefined && bodyOf(ours).metadata?.continue === undefined,
  },
  {
    reason: "A JSON patch that copies or replaces what is not there does not apply (RFC 6902).",
    covers: ({ contentType = "" }, theirs, ours) =>
      contentType.includes("json-patch") && theirs.status === 200 && ours.status === 422 && says(ours, /^the server rejected our request/),
  },
  {
    reason: "Definitions: a field is named where the client wrote it, and each fault is told.",
    covers: ({ path }, theirs, ours) =>
      path.includes("customresourcedefinitions") &&
      theirs.status === 422 &&
      ours.status === 422 &&
      says(theirs, /spec\.subresources\.scale|additionalPrinterColumns\[0\]\.format|uncorrelatable portion|spec\.names\.listKind: Required/),
  },
];

/** Why the answers may differ: the reasons, each a rule's; undefined when they may not. */
export function knownDifference(step: Step, { theirs, ours }: { readonly theirs: Answer; readonly ours: Answer }): readonly string[] | undefined {
  const rule = rules.find(({ covers }) => covers(step, theirs, ours));
  const seen = looks.filter(
    ({ without }) => JSON.stringify(without(theirs)) !== JSON.stringify(theirs) || JSON.stringify(without(ours)) !== JSON.stringify(ours),
  );
  if (JSON.stringify(withoutLooks(theirs)) === JSON.stringify(withoutLooks(ours))) return seen.map(({ reason }) => reason);
  return rule === undefined ? undefined : [rule.reason];
}

export const allReasons: readonly string[] = [...rules, ...looks].map(({ reason }) => reason);
