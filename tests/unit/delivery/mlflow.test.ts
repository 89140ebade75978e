import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { trackingFrom, trackRun } from "../../../delivery/mlflow.ts";

/** What a real server does is asked in tests/delivery/mlflow.test.ts; here are the answers it gives seldom. */

const RUN = {
  experiment: "leaves",
  name: "train-1",
  startedAt: 0,
  parameters: {},
  metrics: {},
  tags: {},
  artifacts: { "model/manifest.json": import.meta.filename },
};

/** Runs `work` against a server with these answers by path; gives the requests. */
async function against(
  answers: (path: string) => readonly [status: number, body: unknown],
  work: (url: string) => Promise<unknown>,
): Promise<IncomingMessage[]> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    const [status, body] = answers(request.url ?? "");
    request
      .resume()
      .on("end", () => response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body)));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
  return requests;
}

test("MLflow's own variables name the server and who asks", () => {
  assert.equal(trackingFrom({}), undefined);
  assert.equal(trackingFrom({ MLFLOW_TRACKING_URI: "" }), undefined);
  assert.deepEqual(trackingFrom({ MLFLOW_TRACKING_URI: "https://mlflow.test/base/" }), {
    url: "https://mlflow.test/base",
  });
  const uri = { MLFLOW_TRACKING_URI: "http://mlflow.test" };
  assert.equal(trackingFrom({ ...uri, MLFLOW_TRACKING_TOKEN: "t" })?.authorization, "Bearer t");
  const named = trackingFrom({ ...uri, MLFLOW_TRACKING_USERNAME: "ann", MLFLOW_TRACKING_PASSWORD: "pw" });
  assert.equal(named?.authorization, `Basic ${Buffer.from("ann:pw").toString("base64")}`);
});

test("an address that is no server's is refused, and a password in it is not repeated", () => {
  assert.throws(
    () => trackingFrom({ MLFLOW_TRACKING_URI: "databricks" }),
    /must be the address of an MLflow server.*`databricks`/,
  );
  assert.throws(() => trackingFrom({ MLFLOW_TRACKING_URI: "file:///runs" }), /got `file:\/\/…`/);
  assert.throws(
    () => trackingFrom({ MLFLOW_TRACKING_URI: "https://ann:hunter2@mlflow.test" }),
    (error: Error) => /MLFLOW_TRACKING_PASSWORD/.test(error.message) && !error.message.includes("hunter2"),
  );
});

test("an experiment that somebody else makes at the same moment is taken", async () => {
  let asked = 0;
  const requests = await against(
    (path) => {
      if (path.includes("get-by-name")) {
        return asked++ === 0
          ? [404, { error_code: "RESOURCE_DOES_NOT_EXIST" }]
          : [200, { experiment: { experiment_id: "7" } }];
      }
      if (path.endsWith("experiments/create")) return [400, { error_code: "RESOURCE_ALREADY_EXISTS" }];
      if (path.endsWith("runs/create"))
        return [200, { run: { info: { run_id: "r", artifact_uri: "mlflow-artifacts:/7/r/artifacts" } } }];
      return [200, {}];
    },
    async (url) => assert.equal((await trackRun({ url }, RUN)).url, `${url}/#/experiments/7/runs/r`),
  );
  const sent = requests.find(({ method }) => method === "PUT");
  assert.equal(sent?.url, "/api/2.0/mlflow-artifacts/artifacts/7/r/artifacts/model/manifest.json");
});

test("a refusal is told with MLflow's words, without the token", async () => {
  await against(
    () => [403, { error_code: "PERMISSION_DENIED", message: "Permission denied" }],
    (url) =>
      assert.rejects(trackRun({ url, authorization: "Bearer hunter2" }, RUN), (error: Error) => {
        assert.match(
          error.message,
          /^MLflow answered 403 to GET \/api\/2.0\/mlflow\/experiments\/get-by-name: Permission denied$/,
        );
        return true;
      }),
  );
});

test("a run whose artifacts the server does not take is never marked as finished", async () => {
  const requests = await against(
    (path) => {
      if (path.includes("get-by-name")) return [200, { experiment: { experiment_id: "7" } }];
      if (path.endsWith("runs/create"))
        return [200, { run: { info: { run_id: "r", artifact_uri: "s3://bucket/7/r" } } }];
      return [200, {}];
    },
    (url) => assert.rejects(trackRun({ url }, RUN), /keeps artifacts at s3: and takes none itself/),
  );
  assert.ok(!requests.some(({ url }) => url?.endsWith("runs/update")));
});

test("a server that is not there, or redirects, is told as such", async () => {
  await assert.rejects(
    trackRun({ url: "http://127.0.0.1:1" }, RUN),
    /could not be asked for GET .*: .*(ECONNREFUSED|bad port)/,
  );
  await against(
    () => [302, ""],
    (url) => assert.rejects(trackRun({ url }, RUN), /could not be asked|answered 302/),
  );
});
