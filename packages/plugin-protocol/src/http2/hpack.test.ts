import { expect, test } from "vitest";
import { HpackDecoder } from "./hpack-decoder.js";
import { encodeHeaders, noDynamicTable } from "./hpack-encoder.js";
import { decodeHuffman } from "./huffman.js";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

test("decodes the examples of RFC 7541, C.4 (requests in Huffman code), over one dynamic table", () => {
  const decoder = new HpackDecoder();
  const common = { ":method": "GET", ":scheme": "http", ":path": "/", ":authority": "www.example.com" };
  expect(Object.fromEntries(decoder.decode(hex("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff")))).toEqual(common);
  expect(Object.fromEntries(decoder.decode(hex("8286 84be 5886 a8eb 1064 9cbf")))).toEqual({ ...common, "cache-control": "no-cache" });
  expect(Object.fromEntries(decoder.decode(hex("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf")))).toEqual({
    ":method": "GET",
    ":scheme": "https",
    ":path": "/index.html",
    ":authority": "www.example.com",
    "custom-key": "custom-value",
  });
});

test("entries leave the table when it is made smaller", () => {
  const decoder = new HpackDecoder();
  decoder.decode(hex("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572"));
  expect(decoder.decode(hex("be")).get("custom-key")).toBe("custom-header");
  expect(() => decoder.decode(hex("20 be"))).toThrow("no entry 62");
});

test("what is encoded is decoded again, whatever its length", () => {
  const fields = [
    [":method", "POST"],
    [":path", "/pluginv2.Data/QueryData"],
    ["te", "trailers"],
    ["x-long", "v".repeat(40_000)],
    ["x-empty", ""],
  ] as const;
  const block = Buffer.concat([noDynamicTable, encodeHeaders(fields)]);
  expect([...new HpackDecoder().decode(block)]).toEqual(fields);
});

test.each([
  ["an index of nothing", "80"],
  ["an index beyond the tables", "ff 00"],
  ["a string that ends early", "40 05 61"],
  ["an integer without end", "ff ff ff ff ff ff"],
  ["a table over our limit", "3f e2 1f"],
])("refuses %s", (_name, bytes) => {
  expect(() => new HpackDecoder().decode(hex(bytes))).toThrow("header block");
});

test.each([
  ["padding of zeros", "f1 e3 c2 e5 f2 3a 6b a0 ab 90 f4 00"],
  ["padding of a whole byte", "f1 e3 c2 e5 f2 3a 6b a0 ab 90 f4 ff ff"],
  ["the end mark", "ff ff ff ff"],
])("refuses a Huffman string with %s", (_name, bytes) => {
  expect(() => decodeHuffman(hex(bytes))).toThrow("Huffman");
});

test("a header list that grows out of a small block is refused", () => {
  const decoder = new HpackDecoder();
  decoder.decode(Buffer.concat([hex("40 01 61 7f a1 1e"), Buffer.alloc(4000, 0x62)]));
  expect(() => decoder.decode(Buffer.alloc(1000, 0xbe))).toThrow("too many headers");
});
