/** Bytes that a client must not send over HTTP/1.1, and what the answer begins with; a connection that is closed without one is well too. */
export interface AbuseCase {
  readonly what: string;
  readonly sent: string;
  /** 4xx unless told. */
  readonly answer?: RegExp;
}

const head = (line: string, ...headers: readonly string[]): string => `${[line, "Host: here", ...headers].join("\r\n")}\r\n\r\n`;
const post = (...headers: readonly string[]): string => head("POST /api/v1/namespaces/default/configmaps HTTP/1.1", ...headers);
const chunked = (body: string): string => `${post("Transfer-Encoding: chunked")}${body}`;
const get = (target: string): string => head(`GET ${target} HTTP/1.1`);

/** What a front end and we could read differently. */
const smuggling: Readonly<Record<string, string>> = {
  "a length and chunks": `${post("Content-Length: 5", "Transfer-Encoding: chunked")}0\r\n\r\nGET /version HTTP/1.1\r\nHost: here\r\n\r\n`,
  "chunks and a length": `${post("Transfer-Encoding: chunked", "Content-Length: 5")}0\r\n\r\nGET /version HTTP/1.1\r\nHost: here\r\n\r\n`,
  "two lengths": `${post("Content-Length: 0", "Content-Length: 5")}hello`,
  "two equal lengths": `${post("Content-Length: 5", "Content-Length: 5")}hello`,
  "a list of lengths": `${post("Content-Length: 5, 5")}hello`,
  "a length with a sign": `${post("Content-Length: +5")}hello`,
  "a negative length": `${post("Content-Length: -1")}hello`,
  "a length in hexadecimal": `${post("Content-Length: 0x5")}hello`,
  "a length with a space in it": `${post("Content-Length: 5 0")}hello`,
  "a length beyond all numbers": `${post("Content-Length: 99999999999999999999999")}hello`,
  "a length with a space before its colon": `${post("Content-Length : 5")}hello`,
  "an encoding that is none": `${post("Transfer-Encoding: xchunked")}0\r\n\r\n`,
  "an encoding after chunks": `${post("Transfer-Encoding: chunked, identity")}0\r\n\r\n`,
  "identity for an encoding": `${post("Transfer-Encoding: identity", "Content-Length: 5")}hello`,
  "an encoding with a space before its colon": `${post("Transfer-Encoding : chunked")}0\r\n\r\n`,
  "an encoding after a vertical tab": `${post("Transfer-Encoding: \vchunked")}0\r\n\r\n`,
  "an encoding on a folded line": `${post("Transfer-Encoding:\r\n chunked", "Content-Length: 5")}hello`,
  "chunks in HTTP/1.0 with a length": `POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
};

const chunking: Readonly<Record<string, string>> = {
  "no number": "zz\r\nhello\r\n0\r\n\r\n",
  "a negative number": "-5\r\nhello\r\n0\r\n\r\n",
  "a number in C's way": "0x5\r\nhello\r\n0\r\n\r\n",
  "a number beyond all": "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
  "more than it says": "2\r\nhello\r\n0\r\n\r\n",
  "no end of line": "5\r\nhello0\r\n\r\n",
  "a line feed alone after its number": "5\nhello\r\n0\r\n\r\n",
  "an extension of a megabyte": `5;${"x".repeat(1 << 20)}\r\nhello\r\n0\r\n\r\n`,
  "trailers of a megabyte": `0\r\nX: ${"x".repeat(1 << 20)}\r\n\r\n`,
};

const lines: Readonly<Record<string, string>> = {
  "a header of a megabyte": head("GET / HTTP/1.1", `X: ${"x".repeat(1 << 20)}`),
  "a hundred thousand headers": head("GET / HTTP/1.1", ...Array.from({ length: 100_000 }, (_, index) => `X-${index}: 1`)),
  "a target of a megabyte": get(`/${"x".repeat(1 << 20)}`),
  "a NUL in a header": head("GET / HTTP/1.1", "X: a\u0000b"),
  "a carriage return in a header": head("GET / HTTP/1.1", "X: a\rb"),
  "a header without a colon": head("GET / HTTP/1.1", "nothing"),
  "a header without a name": head("GET / HTTP/1.1", ": x"),
  "a name with a space": head("GET / HTTP/1.1", "X Y: z"),
  "a NUL in its target": get("/a\u0000b"),
  "a NUL as %00 in its target": get("/api/v1/namespaces/a%00b"),
  "a half percent in its target": get("/api/v1/namespaces/%2"),
  "a space in its target": get("/a b"),
  "no host": "GET / HTTP/1.1\r\n\r\n",
  "two hosts": head("GET /version HTTP/1.1", "Host: there"),
  "a host with a path": "GET /version HTTP/1.1\r\nHost: here/there\r\n\r\n",
  "a host with a user": "GET /version HTTP/1.1\r\nHost: me@here\r\n\r\n",
  "a host with a space": "GET /version HTTP/1.1\r\nHost: he re\r\n\r\n",
  "a host with a port that is none": "GET /version HTTP/1.1\r\nHost: here:port\r\n\r\n",
  "the target of a proxy": get("http://elsewhere/api/v1/nothing"),
  "an authority for a target": get("elsewhere:443"),
  "a target that is relative": get("api/v1"),
  "an asterisk": head("OPTIONS * HTTP/1.1"),
  "a tunnel": head("CONNECT elsewhere:443 HTTP/1.1"),
  "a trace": head("TRACE /api/v1/namespaces HTTP/1.1"),
  "a method in small letters": head("get /version HTTP/1.1"),
  "a method that is none": head("G@T / HTTP/1.1"),
  "a version that is none": head("GET / HTTP/9.9"),
  "a version of words": head("GET / JUNK"),
  "no HTTP at all": "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003",
  "an expectation that is none": head("POST / HTTP/1.1", "Expect: wonders", "Content-Length: 5"),
  "a body that is announced as ten gigabytes": post("Content-Type: application/json", "Content-Length: 10000000000"),
  "a body of three megabytes and a byte": `${post("Content-Type: application/json", "Content-Length: 3145729")}${" ".repeat(3_145_729)}`,
  "chunks of three megabytes and a byte": `${post("Content-Type: application/json", "Transfer-Encoding: chunked")}300001\r\n${" ".repeat(0x30_00_01)}\r\n0\r\n\r\n`,
};

export const http1Abuse: readonly AbuseCase[] = [
  ...Object.entries(smuggling).map(([what, sent]) => ({ what, sent })),
  ...Object.entries(chunking).map(([what, sent]) => ({ what: `a chunk with ${what}`, sent: chunked(sent) })),
  ...Object.entries(lines).map(([what, sent]) => ({ what, sent })),
];
