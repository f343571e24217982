import type { SqlFailure } from "../network/network-dialect.js";

/** The connection was given up by this side. */
export class MysqlConnectionLost extends Error {
  override readonly name = "MysqlConnectionLost";
}

/** By the number that the server gave: https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html and MariaDB's own list. */
const kinds: Readonly<Record<number, SqlFailure>> = {
  1020: "repeat", // ER_CHECKREAD: MariaDB with innodb_snapshot_isolation
  1205: "repeat", // ER_LOCK_WAIT_TIMEOUT
  1213: "repeat", // ER_LOCK_DEADLOCK; Galera too, when another node won
  1317: "repeat", // ER_QUERY_INTERRUPTED
  3101: "repeat", // ER_TRANSACTION_ROLLBACK_DURING_COMMIT: group replication
  1036: "read-only", // ER_OPEN_AS_READONLY
  1290: "read-only", // ER_OPTION_PREVENTS_STATEMENT: --read-only, --super-read-only
  1792: "read-only", // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
  1836: "read-only", // ER_READ_ONLY_MODE
  1874: "read-only", // ER_INNODB_READ_ONLY
  3: "full", // EE_WRITE
  20: "full", // EE_DISK_FULL
  1021: "full", // ER_DISK_FULL
  1026: "full", // ER_ERROR_ON_WRITE
  1114: "full", // ER_RECORD_FILE_FULL
  1878: "full", // ER_TEMP_FILE_WRITE_FAILURE
  1040: "lost", // ER_CON_COUNT_ERROR
  1047: "lost", // ER_UNKNOWN_COM_ERROR: a node of Galera that is not of the primary component
  1053: "lost", // ER_SERVER_SHUTDOWN
  1077: "lost", // ER_NORMAL_SHUTDOWN
  1079: "lost", // ER_SHUTDOWN_COMPLETE
  1129: "lost", // ER_HOST_IS_BLOCKED
  1152: "lost", // ER_ABORTING_CONNECTION
  1158: "lost", // ER_NET_READ_ERROR
  1159: "lost", // ER_NET_READ_INTERRUPTED
  1160: "lost", // ER_NET_ERROR_ON_WRITE
  1161: "lost", // ER_NET_WRITE_INTERRUPTED
  1927: "lost", // ER_CONNECTION_KILLED
  3168: "lost", // ER_SERVER_ISNT_AVAILABLE
  4031: "lost", // ER_CLIENT_INTERACTION_TIMEOUT
};

// ER_GET_ERRNO and what InnoDB says of its files: which it is, is in the text only.
const storageEngineFailures = new Set([1030, 1296]);
const fullInWords = /\b(?:28|122|135)\b|No space left|Disk (?:quota|full)/i;

const lostCodes = new Set([
  "PROTOCOL_CONNECTION_LOST",
  "PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR",
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/** NetworkDialect.kindOf. */
export function mysqlFailure(thrown: unknown): SqlFailure {
  if (thrown instanceof MysqlConnectionLost) return "lost";
  if (!(thrown instanceof Error)) return "other";
  const number = "errno" in thrown && typeof thrown.errno === "number" ? thrown.errno : undefined;
  // The numbers of the operating system are below 0.
  if (number !== undefined && number > 0) {
    if (storageEngineFailures.has(number)) return fullInWords.test(thrown.message) ? "full" : "other";
    return kinds[number] ?? "other";
  }
  return "code" in thrown && typeof thrown.code === "string" && lostCodes.has(thrown.code) ? "lost" : "other";
}
