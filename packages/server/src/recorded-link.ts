import type { Logger } from "@dataplane/meta";
import { type MessageJson, type OpenLink, openRecording, recordingLink } from "@dataplane/plugin-protocol";

/**
 * Connections whose calls are written to a file, without their secrets (`[plugin.<id>] record`), for `dataplane plugins replay`. A file that
 * cannot be written is told once, and disturbs no call.
 */
export function recordedLink(options: {
  readonly open: OpenLink;
  readonly file: string;
  readonly plugin: MessageJson;
  readonly logger: Logger;
}): OpenLink {
  const { open, file, plugin, logger } = options;
  return async (target, timeoutMs, bounds) => {
    const link = await open(target, timeoutMs, bounds);
    try {
      const write = openRecording(file, plugin);
      logger.warn({ file }, "calls to the plugin are recorded");
      let isBroken = false;
      return recordingLink(link, (call) => {
        try {
          if (!isBroken) write(call);
        } catch (error) {
          isBroken = true;
          logger.error({ file, error }, "the recording cannot be written any more");
        }
      });
    } catch (error) {
      logger.error({ file, error }, "calls to the plugin cannot be recorded");
      return link;
    }
  };
}
