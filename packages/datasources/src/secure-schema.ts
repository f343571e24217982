import type { StructuralSchema } from "@dataplane/apiserver";

/** `secure` of an object with secrets, beside its `spec`. */
export const secureSchema: StructuralSchema = {
  type: "object",
  description: "Secrets by key. Write {create: value}; reading gives {name}; {remove: true} removes.",
  additionalProperties: {
    type: "object",
    // It is refused with its reason: dropped, it would leave a secret that someone meant to remove.
    nullable: true,
    properties: {
      create: { type: "string", description: "The secret. Never given back." },
      name: { type: "string", description: "Stands for the value that is kept." },
      remove: { type: "boolean", description: "Removes the value." },
    },
  },
};
