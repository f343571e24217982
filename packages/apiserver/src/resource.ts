import type { ApiObject, Cause, GroupVersion, JsonObject, UserInfo } from "@dataplane/meta";
import type { Converter } from "./conversion/converter.js";
import type { StructuralSchema } from "./schema/structural-schema.js";

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

/** A printer column; `value` reads the object. `priority` above 0 shows in `-o wide` only. */
export interface Column<T extends ApiObject = ApiObject> {
  readonly name: string;
  readonly type?: "string" | "integer" | "number" | "boolean" | "date";
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
  /** Null: there is no such field in an object of a kind that others define. A date is RFC 3339; `now` is for spans in other texts. */
  readonly value: (object: T, now: Date) => string | number | boolean | null | undefined;
}

/** What a definition keeps beside an object and never shows: sealed secrets, the owner's id. Stored in the same value, so that a write is atomic. */
export type Hidden = JsonObject;

export interface PrepareInput<T extends ApiObject> {
  readonly operation: "create" | "update";
  /** The object as the client wants it: merged, defaulted, pruned. */
  readonly object: T;
  readonly old: T | undefined;
  readonly oldHidden: Hidden | undefined;
  readonly dryRun: boolean;
  /** How the client wrote: in a `replace` an absent field may mean "as it was", after a `patch` it means "taken away". */
  readonly request: "create" | "replace" | "patch" | "apply";
  readonly now: Date;
  /** Who writes. */
  readonly user: UserInfo | undefined;
}

export interface Prepared<T extends ApiObject> {
  readonly object: T;
  readonly hidden?: Hidden;
}

export interface StoredObject<T extends ApiObject> {
  readonly object: T;
  readonly hidden: Hidden | undefined;
  readonly revision: bigint;
}

/** A subresource answered by code, `…/<name>/<subresource>`: a view of the object, or a question about it. `internal` ones are in no discovery or OpenAPI. */
export interface ComputedSubresource<T extends ApiObject> extends Partial<GroupVersion> {
  readonly name: string;
  /** Of what it takes and gives; `group` and `version` are the parent's unless told. */
  readonly kind: string;
  readonly internal: boolean;
  /** Of the answer and of the body of a `create`. Any object unless told. */
  readonly schema?: StructuralSchema;
  readonly get?: (stored: StoredObject<T>) => ApiObject | Promise<ApiObject>;
  /** POST of a question about a stored object, such as a TokenRequest. The body has passed the schema. */
  readonly create?: (input: {
    readonly stored: StoredObject<T>;
    readonly body: ApiObject;
    readonly user: UserInfo;
  }) => ApiObject | Promise<ApiObject>;
  /** PUT of what `get` gives, changed: the object as it is stored afterwards, whose other fields are as they were. With `get` it makes PATCH too. */
  readonly update?: (input: { readonly object: T; readonly body: ApiObject; readonly request: "replace" | "patch" }) => T;
  /** An update changes the status too, of a kind whose status is otherwise the status subresource's alone. */
  readonly writesStatus?: boolean;
  /** What the schema cannot say of the body of an update. */
  readonly validate?: (body: ApiObject) => readonly Cause[];
}

/** Where an object keeps its number of replicas: paths such as `.spec.replicas`. Served as `autoscaling/v1` Scale. */
export interface ScalePaths {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  /** Of a selector as text. */
  readonly labelSelectorPath?: string;
}

/**
 * A kind with several versions is several definitions over one storage location. Each stored value says in which version it was
 * written (the storage version of that time), and reads give it in the version that is asked for.
 */
export interface VersionedStorage {
  /** The version that is written from now on; the same in all definitions of the kind. */
  readonly storageVersion: string;
  /** Absent: the versions differ in apiVersion alone. */
  readonly converter?: Converter;
}

/**
 * Where the objects of a definition lie in the store: `<prefix>/<namespace>/<name>` (or `<prefix>/<name>`). Several definitions may
 * share a prefix: then each sees what its `includes` lets through, and a name that exists but is not included is a conflict on create.
 */
export interface StorageLocation<T extends ApiObject> {
  /** `/<group>/<plural>` unless told; begins with "/", no trailing slash. */
  readonly prefix?: string;
  readonly includes?: (object: T, hidden: Hidden | undefined) => boolean;
  /** The object as this definition shows it; apiVersion, kind and resourceVersion are set for it. For views. */
  readonly project?: (object: T) => T;
  /** The reverse of `project`: the form that is stored, of an object as this definition shows it. */
  readonly unproject?: (object: T) => T;
}

/** A delete marks such an object only; it goes when nothing holds it any more. */
export interface Finalization<T extends ApiObject> {
  /** The object as it is while it is being deleted. */
  readonly mark: (object: T) => T;
  readonly isHeld: (object: T) => boolean;
}

/**
 * One resource, declared once. Verbs, discovery, OpenAPI, validation, defaults, tables and short names are derived from it.
 * A CRD or an app manifest's kind compiles to the same shape.
 */
export interface ResourceDefinition<T extends ApiObject = ApiObject> extends GroupVersion {
  readonly kind: string;
  readonly plural: string;
  /** Lower-case kind unless told. */
  readonly singular?: string;
  /** `<Kind>List` unless told. */
  readonly listKind?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly scope: "cluster" | "namespaced";
  /** Schema of the whole object but apiVersion, kind and metadata: its `properties` are the top-level fields. */
  readonly schema: StructuralSchema;
  readonly description?: string;
  /** All unless told. */
  readonly verbs?: readonly Verb[];
  /** `status` is then written by the status subresource alone, and spec by the main one alone. */
  readonly hasStatus?: boolean;
  /** A top-level field that the server writes itself when the object is made: it is of no manager. */
  readonly untracked?: string;
  /** What Kubernetes' typed form of an object that says nothing holds all the same: whoever makes an object owns only what differs from it. */
  readonly zero?: JsonObject;
  /** PUT makes an object that is not there. False unless told. */
  readonly createsOnUpdate?: boolean;
  /** PUT without a resourceVersion replaces what is there. True unless told, but for kinds with versions. */
  readonly unconditionalUpdate?: boolean;
  /** DELETE answers the object, not a Status. False unless told. */
  readonly answersDeleted?: boolean;
  /** A write of the status changes labels, annotations and finalizers too, as it does for most of Kubernetes' own kinds. False unless told. */
  readonly statusWritesMetadata?: boolean;
  /** Objects count the changes of their desired state in `metadata.generation`. True unless told; most of Kubernetes' own kinds do not. */
  readonly hasGeneration?: boolean;
  readonly scale?: ScalePaths;
  /** For a kind that has more than one version. */
  readonly versioned?: VersionedStorage;
  /** A later version of the group is to be preferred: clients are warned with this text. */
  readonly deprecationWarning?: string;
  readonly columns?: readonly Column<T>[];
  /** False: `columns` are all there are. Otherwise the age comes last, unless one of them is called Age. */
  readonly ageColumn?: boolean;
  /** False: `columns` say where the name stands. Otherwise it comes first. */
  readonly nameColumn?: boolean;
  /** Beside metadata.name and metadata.namespace; dotted paths. */
  readonly selectableFields?: readonly string[];
  /** More to select by, under names that are no paths. */
  readonly selectableValues?: Readonly<Record<string, (object: T) => string>>;
  readonly storage?: StorageLocation<T>;
  /** Built-in kinds take strategic merge patches, as clients read in OpenAPI; others answer 415. */
  readonly strategicMerge?: boolean;
  /** A group is served at `/api` when true (the core group only). */
  readonly ttlSeconds?: (object: T) => number | undefined;
  /** "dnsSubdomain" unless told. */
  readonly nameRule?: "dnsSubdomain" | "dnsLabel" | "pathSegment";
  /** After defaults and pruning, before validation, on every write to the main resource, dry runs included. May take secrets out of the object. */
  readonly prepare?: (input: PrepareInput<T>) => Prepared<T> | Promise<Prepared<T>>;
  /** What the schema cannot say. Causes have field paths such as `spec.services[1].type`. */
  readonly validate?: (object: T, old: T | undefined) => readonly Cause[];
  /** Texts for `Warning` headers. */
  readonly warn?: (object: T) => readonly string[];
  readonly computed?: readonly ComputedSubresource<T>[];
  /** For a kind whose objects are questions: `create` answers them, and nothing is stored. */
  readonly review?: (input: { readonly object: T; readonly user: UserInfo }) => ApiObject | Promise<ApiObject>;
  /** False for a view: garbage collection and namespace deletion skip it. */
  readonly canonical?: boolean;
  /** Objects of these names are never deleted: 403. */
  readonly keptNames?: ReadonlySet<string>;
  /** For objects with contents, which the server removes before them. */
  readonly finalization?: Finalization<T>;
  /** What becomes of the objects that belong to a deleted one, when the client does not say. Background unless told. */
  readonly deletionPropagation?: "Background" | "Orphan";
}
