import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { listOf, mapped, type RefOf, soundSchema } from "./sound-schema.js";

/** An operation of OpenAPI 3.0 that says what `operation` does, as far as that is one; its id aside. See `soundSchema`. */
export function soundOperation(operation: JsonObject, refOf: RefOf): JsonObject {
  const { summary, description, tags, deprecated, parameters, requestBody, responses } = operation;
  const sound = listOf(parameters).flatMap((it) => soundParameter(it, refOf));
  const named = listOf(tags).filter((it) => typeof it === "string");
  return {
    ...(typeof summary === "string" ? { summary } : {}),
    ...(typeof description === "string" ? { description } : {}),
    ...(named.length === 0 ? {} : { tags: named }),
    ...(deprecated === true ? { deprecated } : {}),
    ...(sound.length === 0 ? {} : { parameters: sound }),
    ...(isJsonObject(requestBody) ? { requestBody: soundBody(requestBody, refOf) } : {}),
    responses: soundResponses(responses, refOf),
  };
}

function soundParameter(parameter: JsonValue, refOf: RefOf): readonly JsonObject[] {
  if (!isJsonObject(parameter)) return [];
  const { name, in: place, description, required, schema } = parameter;
  if (typeof name !== "string" || name === "" || (place !== "query" && place !== "path" && place !== "header")) return [];
  return [
    {
      ...{ name, in: place, schema: soundSchema(schema, refOf) },
      ...(typeof description === "string" ? { description } : {}),
      ...(required === true || place === "path" ? { required: true } : {}),
    },
  ];
}

const soundBody = ({ description, required, content }: JsonObject, refOf: RefOf): JsonObject => ({
  ...(typeof description === "string" ? { description } : {}),
  ...(required === true ? { required } : {}),
  content: soundContent(content, refOf),
});

const soundContent = (content: JsonValue | undefined, refOf: RefOf): JsonObject =>
  mapped(content, (media) => ({ schema: soundSchema(isJsonObject(media) ? media["schema"] : undefined, refOf) }));

/** At least one, since an operation needs it. */
function soundResponses(responses: JsonValue | undefined, refOf: RefOf): JsonObject {
  const sound = Object.entries(isJsonObject(responses) ? responses : {}).flatMap(([code, response]): [string, JsonObject][] => {
    if (!/^(?:[1-5]\d\d|[1-5]XX|default)$/.test(code) || !isJsonObject(response)) return [];
    const { description, content } = response;
    return [
      [
        code,
        {
          description: typeof description === "string" ? description : "",
          ...(content === undefined ? {} : { content: soundContent(content, refOf) }),
        },
      ],
    ];
  });
  return sound.length === 0 ? { "200": { description: "OK" } } : Object.fromEntries(sound);
}
