import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { isJsonObject, type JsonObject } from "@dataplane/meta";
import { issueCertificate } from "./issue-certificate.js";

/** What a webhook makes of a request: `response` of the review, without its uid. */
export type Answering = (request: JsonObject, path: string) => JsonObject;

/** A webhook behind HTTPS, with the reviews it was sent. */
export interface AWebhook extends AsyncDisposable {
  readonly port: number;
  /** base64, as a clientConfig has it. */
  readonly caBundle: string;
  /** Requests of reviews, oldest first; the path that each came by stands in `path`. */
  readonly asked: readonly { readonly path: string; readonly request: JsonObject }[];
  clientConfig(path?: string): JsonObject;
}

export interface AWebhookOptions {
  readonly subjectAltName?: string;
  /** Answers by itself, instead of a review. */
  readonly raw?: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Trusted by its `caBundle`, for 127.0.0.1 unless told. */
export async function aWebhook(answer: Answering, { subjectAltName = "IP:127.0.0.1", raw }: AWebhookOptions = {}): Promise<AWebhook> {
  const { key, cert } = await issueCertificate(subjectAltName);
  const asked: { readonly path: string; readonly request: JsonObject }[] = [];
  const server = createServer({ key, cert }, (message, response) => {
    if (raw !== undefined) {
      message.resume();
      raw(message, response);
      return;
    }
    void reviewed(message, asked, answer).then((review) => response.setHeader("content-type", "application/json").end(JSON.stringify(review)));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const caBundle = Buffer.from(cert).toString("base64");
  return {
    port,
    caBundle,
    asked,
    clientConfig: (path = "/") => ({ url: `https://127.0.0.1:${port}${path}`, caBundle }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

async function reviewed(message: IncomingMessage, asked: { path: string; request: JsonObject }[], answer: Answering): Promise<JsonObject> {
  const pieces: Uint8Array[] = [];
  for await (const piece of message as AsyncIterable<Uint8Array>) pieces.push(piece);
  const review: unknown = JSON.parse(Buffer.concat(pieces).toString("utf8"));
  const request = isJsonObject(review) && isJsonObject(review["request"]) ? review["request"] : {};
  const path = (message.url ?? "").split("?")[0] ?? "";
  asked.push({ path, request });
  const apiVersion = isJsonObject(review) ? (review["apiVersion"] ?? "") : "";
  return { kind: "AdmissionReview", apiVersion, response: { uid: request["uid"] ?? "", ...answer(request, path) } };
}

/** `response` of a mutation. */
export const patching = (...operations: readonly JsonObject[]): JsonObject => ({
  allowed: true,
  patchType: "JSONPatch",
  patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
});
