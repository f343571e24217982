import { checkSignature, type SignatureRules, type SignatureVerdict, signedFolderOf } from "./check-signature.js";
import { decidingFiles, stampOf } from "./file-stamp.js";
import type { FoundPlugin } from "./find-plugins.js";
import type { PluginProblem } from "./plugin.js";

/** Only these have a process that speaks the protocol; a renderer's is another. */
export function hasBackend({ json }: FoundPlugin): boolean {
  return json.backend && (json.type === "datasource" || json.type === "app");
}

export interface LoadingRules extends SignatureRules {
  readonly allowUnsigned: boolean | readonly string[];
}

/** Decides which of the plugins that were found may load. What was judged is judged again only when it changed. */
export class PluginLoading {
  readonly #rules: LoadingRules;
  readonly #judged = new Map<string, { readonly stamp: string; readonly verdict: SignatureVerdict }>();

  constructor(rules: LoadingRules) {
    this.#rules = rules;
  }

  /** True for a plugin whose signature takes a while to check. */
  isSigned(plugin: FoundPlugin): boolean {
    return plugin.signature !== "internal" && signedFolderOf(plugin) !== undefined;
  }

  /** Without looking at any signature: for those that have none. */
  admitUnsigned(plugin: FoundPlugin): FoundPlugin | PluginProblem {
    return this.#admit(plugin, { signature: plugin.signature, message: "" });
  }

  /** The plugin with the signature that it turned out to have, or why it does not load. Never rejects. */
  async admit(plugin: FoundPlugin): Promise<FoundPlugin | PluginProblem> {
    if (!this.isSigned(plugin)) return this.admitUnsigned(plugin);
    const stamp = stampOf(decidingFiles(plugin));
    const known = this.#judged.get(plugin.directory);
    if (known?.stamp === stamp) return this.#admit(plugin, known.verdict);
    const verdict = await checkSignature(plugin, this.#rules);
    // Only what is valid is kept: the files of another may still be on their way.
    if (verdict.signature === "valid") this.#judged.set(plugin.directory, { stamp, verdict });
    else this.#judged.delete(plugin.directory);
    return this.#admit(plugin, verdict);
  }

  /** As `admit`, from the files as they are this moment: right before they run. Rejects with why it may not. */
  async require(plugin: FoundPlugin): Promise<void> {
    if (plugin.signature !== "valid") return;
    this.#judged.delete(plugin.directory);
    const admitted = await this.admit(plugin);
    if ("message" in admitted) throw new Error(admitted.message);
  }

  #admit(plugin: FoundPlugin, { signature, message }: SignatureVerdict): FoundPlugin | PluginProblem {
    const { directory, json } = plugin;
    if (signature === "internal" || signature === "valid" || (signature === "unsigned" && this.#allows(json.id))) return { ...plugin, signature };
    const problem = { directory, pluginId: json.id };
    if (signature !== "unsigned") return { ...problem, reason: "SignatureInvalid", message: `the plugin's signature is ${signature}: ${message}` };
    const why = message === "" ? "the plugin is unsigned" : `the plugin counts as unsigned, being ${message}`;
    const way = "allow it by [plugins] allow_loading_unsigned_plugins, or run with app_mode = development";
    return { ...problem, reason: "Unsigned", message: `${why}: ${way}` };
  }

  #allows(id: string): boolean {
    const { allowUnsigned } = this.#rules;
    return typeof allowUnsigned === "boolean" ? allowUnsigned : allowUnsigned.includes(id);
  }
}
