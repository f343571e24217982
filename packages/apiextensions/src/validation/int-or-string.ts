import { isDeepStrictEqual } from "node:util";
import type { JsonSchemaProps } from "../definition/custom-resource-definition.js";

const alternatives = [{ type: "integer" }, { type: "string" }];

const isEither = (anyOf: JsonSchemaProps["anyOf"]): boolean => isDeepStrictEqual(anyOf, alternatives);

/** `anyOf: [{type: integer}, {type: string}]`: the one place, with the next, where a value validation may name a type. */
export const isIntOrStringAnyOf = ({ anyOf }: JsonSchemaProps): boolean => isEither(anyOf);

/** The same as the first of `allOf`. */
export const isIntOrStringAllOf = ({ allOf = [] }: JsonSchemaProps): boolean => isEither(allOf[0]?.anyOf);
