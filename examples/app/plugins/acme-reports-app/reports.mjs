import { jsonResponse, resourceRouter, route, serveApp } from "@dataplane/plugin-sdk";

/** An instance for each namespace and its settings: `jsonData.title` stands above each report, `secure.key` opens the vault. */
const createInstance = ({ jsonData, secure }) => {
  const reports = new Map();
  return {
    callResource: resourceRouter([
      route("GET", "/about", () => jsonResponse({ about: "reports" })),
      route("GET", "/vault", ({ query }) => jsonResponse({ open: query.get("key") === secure["key"] })),
      route("PUT", "/reports/{id}", (request) => {
        reports.set(request.params["id"], request.json());
        return jsonResponse({ stored: request.params["id"] }, 201);
      }),
      route("GET", "/reports/{id}", ({ params: { id } }, { namespace }) =>
        reports.has(id)
          ? jsonResponse({ title: jsonData["title"] ?? "", namespace, report: reports.get(id) })
          : jsonResponse({ message: `no report ${id}` }, 404),
      ),
      // Each line leaves as it comes.
      route("GET", "/reports/{id}/lines", ({ params: { id } }) => ({ headers: { "content-type": "text/plain" }, body: lines(id) })),
    ]),
    checkHealth: () => ({ status: "ok", message: `${reports.size} reports` }),
  };
};

async function* lines(id) {
  for (let line = 1; line <= 3; line += 1) {
    yield `${id}, line ${line}\n`;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

await serveApp({ createInstance });
