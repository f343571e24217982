import type { HttpResponse } from "@dataplane/meta";
import type { StoredValue } from "../codec.js";
import { metadataView } from "../conversion/metadata-view.js";
import { type Selection, selectionOf } from "./selection.js";
import type { VerbCall } from "./verb-call.js";
import { WatchBody } from "./watch-body.js";
import { WatchFrames } from "./watch-frames.js";
import { type WatchOptions, watchOptions } from "./watch-options.js";
import { Watcher } from "./watcher.js";

/** GET of a collection with `watch`: its changes as lines of JSON, until the time is over or the client goes. */
export async function watch(call: VerbCall): Promise<HttpResponse> {
  const options = watchOptions(call.request.query);
  const frames = new WatchFrames(call);
  const body = await openWatch(call, options, frames);
  return {
    status: 200,
    headers: { "content-type": frames.contentType, "cache-control": "no-cache, private" },
    body,
  };
}

/** What can fail does so here, before the answer begins: 410 and 504 are answers of their own. */
async function openWatch(call: VerbCall, options: WatchOptions, frames: WatchFrames): Promise<WatchBody> {
  const { cache } = call.services;
  const selection = selectionOf(call);
  if (options.fresh) await cache.fresh();
  else if (options.since === undefined) await cache.reached(options.notOlderThan);
  else await cache.reachBack(options.since);
  const watcher = new Watcher(selection, frames);
  // Nothing may be awaited from here to the subscription: state and changes fit together.
  const { revision } = cache;
  if (options.sendsState) {
    const mark = (): readonly Uint8Array[] => (options.marksEndOfState && options.bookmarks ? [frames.bookmark(revision, true)] : []);
    watcher.sendState(stateOf(call, selection), mark);
  }
  const since = options.since ?? revision;
  const { past, stop } = cache.subscribe(since, (change) => {
    // Another server of the same store may have told of a revision that this one has yet to reach: what comes until then is no news.
    if (change === undefined || change.revision > since) watcher.take(change);
  });
  for (const change of past) watcher.take(change);
  const body = new WatchBody({ ...options, watcher, frames, since, cache, signal: call.request.signal });
  body.onOver(stop);
  body.onOver(endWithDefinition(call, watcher));
  return body;
}

/** What is served by another definition now is to be watched anew: its objects may look different. */
function endWithDefinition({ services: { registry }, resource }: VerbCall, watcher: Watcher): () => void {
  const { group, version, plural } = resource.definition;
  return registry.onChange(() => {
    const now = registry.resolve(group, version, plural);
    if (now !== resource && (now === undefined || metadataView(now) !== resource)) watcher.end();
  });
}

function stateOf({ services: { cache } }: VerbCall, { key, prefix }: Selection): readonly StoredValue[] {
  if (key === undefined) return cache.under(prefix);
  const only = cache.get(key);
  return only === undefined ? [] : [only];
}
