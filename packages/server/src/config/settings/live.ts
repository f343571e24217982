import { integer, list, setting } from "../setting.js";

/** Streams, and Grafana Live. */
export const liveSettings = {
  liveQueueMaxSize: setting(
    "live",
    "client_queue_max_size",
    integer(4096, 1_073_741_824),
    "4194304",
    "Most bytes of a stream that wait for one subscriber; a slower reader is cut.",
  ),
  liveQueueMaxMessages: setting(
    "live",
    "client_queue_max_messages",
    integer(1, 1_000_000),
    "4096",
    "Most messages of a stream that wait for one subscriber; a slower reader is cut.",
  ),
  liveHistorySize: setting(
    "live",
    "history_size",
    integer(0, 100_000),
    "100",
    "Messages of each stream that are kept for subscribers who come back (Last-Event-ID).",
  ),
  liveHistoryMaxBytes: setting(
    "live",
    "history_max_bytes",
    integer(0, 1_073_741_824),
    "1048576",
    "Most bytes of the messages that each stream keeps.",
  ),
  liveMaxConnections: setting(
    "live",
    "max_connections",
    integer(-1, 10_000_000),
    "100",
    "Clients of Grafana Live that may be connected; -1 for any number, 0 to turn Live off.",
  ),
  liveAllowedOrigins: setting(
    "live",
    "allowed_origins",
    list,
    "",
    "Origins of pages, besides our own, that may connect to Grafana Live; one * stands for any text, as in https://*.example.com.",
  ),
  liveMessageSizeLimit: setting(
    "live",
    "message_size_limit",
    integer(1024, 1_073_741_824),
    "65536",
    "Most bytes of one frame that a client of Grafana Live sends.",
  ),
} as const;
