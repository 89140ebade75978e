import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";

/** Names under which distributions install Chromium and Chrome. */
const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The browser on PATH, or named by `CHROMIUM`; undefined where there is none. */
export function findBrowser(): string | undefined {
  const named = process.env["CHROMIUM"];
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter(Boolean);
  const candidates = named ? [named] : folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return candidates.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Why tests that need a browser are skipped; false where there is one. */
export const skip = findBrowser() === undefined && "no Chromium on PATH; install one, or name it in CHROMIUM";

export function openBrowser(): Promise<Browser> {
  // Containers allow no sandbox of its own; the pages are ours, and a test's point is that they ask nobody for anything.
  return chromium.launch({ executablePath: findBrowser() ?? "", args: ["--no-sandbox", "--disable-gpu"] });
}

/** What a page did that a report must not. */
export type Watched = { readonly page: Page; readonly requests: string[]; readonly complaints: string[] };

/** A page that notes each request and each error, from the first moment on. */
export async function openPage(browser: Browser, options: Parameters<Browser["newPage"]>[0] = {}): Promise<Watched> {
  const page = await browser.newPage(options);
  const [requests, complaints]: [string[], string[]] = [[], []];
  page.on("request", (request) => requests.push(request.url()));
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { page, requests, complaints };
}
