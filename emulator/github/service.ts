import { once } from "node:events";
import type { Server } from "node:http";
import type { Service } from "../service.ts";
import { ensureKeys } from "./keys.ts";
import { createGithubServer } from "./server.ts";
import { openStore } from "./store.ts";

/** Whose repositories a provider takes that was given no owner. */
const DEFAULT_OWNER = "example-org";

/** GitHub: bare git repositories of any organization, and REST for their files, environments, secrets and variables. */
export function createGithubService(now: () => Date = () => new Date()): Service {
  let server: Server | undefined;
  return {
    name: "github",
    async start(context) {
      const port = await context.port("http");
      const url = `http://127.0.0.1:${port}`;
      const [keys, store] = await Promise.all([ensureKeys(context.folder), openStore(context.folder)]);
      const seconds = () =>
        now()
          .toISOString()
          .replace(/\.\d+Z$/, "Z");
      const github = { folder: context.folder, url, keys, store, now: seconds };
      server = createGithubServer({ github, log: context.log, touch: context.touch });
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
      return { url, env: { GITHUB_API_URL: url, GITHUB_TOKEN: keys.token, GITHUB_OWNER: DEFAULT_OWNER } };
    },
    async stop() {
      const running = server;
      server = undefined;
      if (running?.listening !== true) return;
      const closed = once(running, "close");
      running.close();
      running.closeIdleConnections();
      // What is being answered may finish; what is not done in a second is cut.
      const cut = setTimeout(() => running.closeAllConnections(), 1_000);
      await closed;
      clearTimeout(cut);
    },
  };
}
