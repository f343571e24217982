/** What an older definition may keep that a new one may not have: nothing that is stored becomes wrong. */
export interface SchemaRules {
  readonly requireKnownType: boolean;
  readonly requireAtomicSet: boolean;
  readonly requireListMapKeys: boolean;
  readonly requireStructural: boolean;
  readonly requirePrunedDefaults: boolean;
}

/** Of a definition that is new, or replaces one that was in order. */
export const allSchemaRules: SchemaRules = {
  requireKnownType: true,
  requireAtomicSet: true,
  requireListMapKeys: true,
  requireStructural: true,
  requirePrunedDefaults: true,
};
