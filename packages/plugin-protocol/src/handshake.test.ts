import { expect, test } from "vitest";
import { createAutoMtlsIdentity } from "./auto-mtls.js";
import { HandshakeError, parseHandshake } from "./handshake.js";

test.each([
  ["six fields without a certificate", "1|2|unix|/tmp/plugin123|grpc|", { network: "unix", path: "/tmp/plugin123" }, false],
  ["seven fields", "1|2|unix|/tmp/plugin123|grpc||true\n", { network: "unix", path: "/tmp/plugin123" }, true],
  ["five fields, as plugins without TLS print", "1|2|tcp|127.0.0.1:40015|grpc", { network: "tcp", host: "127.0.0.1", port: 40_015 }, false],
  ["an IPv6 address", "1|2|tcp|[::1]:40015|grpc|", { network: "tcp", host: "::1", port: 40_015 }, false],
])("reads %s", (_name, line, address, multiplex) => {
  expect(parseHandshake(line)).toEqual({ address, multiplex, serverCert: undefined });
});

test("reads the certificate, base64 of DER without padding", () => {
  const { der } = createAutoMtlsIdentity();
  const field = Buffer.from(der).toString("base64").replaceAll("=", "");
  expect(parseHandshake(`1|2|unix|/s|grpc|${field}`).serverCert).toEqual(der);
});

test.each([
  ["Hello, world", "no handshake"],
  ["", "no handshake"],
  ["1|2|unix|/s", "no handshake"],
  ["1|2|unix|/s|grpc||true|more", "no handshake"],
  ["2|2|unix|/s|grpc|", "core protocol version"],
  ["1|1|unix|/s|grpc|", "plugin protocol version"],
  ["1|2|unix|/s|netrpc|", "transport"],
  ["1|2|udp|/s|grpc|", "network"],
  ["1|2|unix|relative|grpc|", "not absolute"],
  ["1|2|tcp|127.0.0.1|grpc|", "host:port"],
  ["1|2|tcp|127.0.0.1:99999|grpc|", "host:port"],
  ["1|2|tcp|192.0.2.1:80|grpc|", "loopback"],
  ["1|2|unix|/s|grpc|certificate", "not DER"],
])("refuses %j: %s", (line, why) => {
  expect(() => parseHandshake(line)).toThrow(HandshakeError);
  expect(() => parseHandshake(line)).toThrow(why);
});
