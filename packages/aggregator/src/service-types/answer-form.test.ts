import { expect, test } from "vitest";
import { negotiateForm } from "./answer-form.js";

test.each([
  [undefined, "json"],
  ["", "json"],
  ["*/*", "json"],
  ["application/json", "json"],
  ["application/json; charset=utf-8", "json"],
  ["text/jsonl", "lines"],
  ["TEXT/CSV", "csv"],
  ["text/*", "lines"],
  ["application/*", "json"],
  ["application/vnd.apache.arrow.stream", "arrow"],
  ["text/html, application/json;q=0.5, text/csv;q=0.9", "csv"],
  ["text/csv;q=0.2, */*;q=0.1", "csv"],
  ["*/*, application/json;q=0", "lines"],
  ["text/*;q=0.5, text/jsonl;q=0, application/vnd.apache.arrow.stream;q=0.4", "csv"],
  ["application/json, text/csv", "json"],
  [["text/html", "text/csv"], "csv"],
])("Accept %j gives %s", (accept, form) => {
  expect(negotiateForm({ headers: accept === undefined ? {} : { accept } })).toBe(form);
});

test.each(["text/html", "application/json;q=0", "text/csv;q=nonsense", "text/csv;q=2", "application/xml, image/*"])("Accept %j is 406", (accept) => {
  expect(() => negotiateForm({ headers: { accept } })).toThrow(expect.objectContaining({ code: 406, reason: "NotAcceptable" }));
});
