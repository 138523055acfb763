/** A person's view: JupyterLab in a real browser, lesson 11 run to its end, its charts on the screen. */
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type JupyterServer, projectRoot, startJupyter, temporaryFolder } from "../support/jupyter.ts";

const candidates = [
  process.env.NNLAB_CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];
const executable = candidates.find((path) => path !== undefined && existsSync(path));
if (executable === undefined)
  console.log(
    "The browser test is skipped: no Chromium found (apt install chromium, or set NNLAB_CHROMIUM to its path).",
  );

const screenshots = join(projectRoot, "test", "output");
const folder = temporaryFolder("browser");
let server: JupyterServer;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  if (executable === undefined) return;
  mkdirSync(screenshots, { recursive: true });
  cpSync(join(projectRoot, "notebooks"), join(folder.path, "notebooks"), { recursive: true });
  server = await startJupyter("lab", join(folder.path, "notebooks"), join(folder.path, "settings"));
  browser = await chromium.launch({
    executablePath: executable,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  page = await browser.newPage({ viewport: { width: 1400, height: 1000 }, deviceScaleFactor: 1 });
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  folder.remove();
}, 30_000);

test.skipIf(executable === undefined)(
  "lesson 11 runs in JupyterLab and its charts render",
  { timeout: 240_000 },
  async () => {
    await page.goto(
      `${server.baseUrl}lab/tree/lectures/11-a-cnn-from-end-to-end.ipynb?token=${server.token}`,
    );
    const notebook = page.locator(".jp-Notebook");
    await notebook.waitFor({ timeout: 60_000 });
    await page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').waitFor({ timeout: 60_000 });

    await page.getByRole("menuitem", { name: "Run", exact: true }).click();
    await page.getByRole("menuitem", { name: "Run All Cells", exact: true }).click();
    const idle = page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]');
    await page.locator('.jp-Notebook-ExecutionIndicator[data-status="busy"]').waitFor({ timeout: 20_000 });
    await idle.waitFor({ timeout: 180_000 });

    expect(await page.locator(".jp-OutputArea-output.jp-mod-error, .jp-RenderedError").count()).toBe(0);
    const charts = page.locator(".jp-OutputArea-output .vega-embed");
    const pictures = page.locator(".jp-OutputArea-output img");
    await scrollThrough(page);
    expect(await charts.count()).toBeGreaterThanOrEqual(5);
    expect(await pictures.count()).toBeGreaterThanOrEqual(5);
    for (const chart of await charts.all()) {
      const box = await chart.locator("canvas, svg").first().boundingBox();
      expect(box?.width ?? 0).toBeGreaterThan(100);
      expect(box?.height ?? 0).toBeGreaterThan(50);
    }

    await page.locator("h2", { hasText: "4 · Training LeNet-5" }).scrollIntoViewIfNeeded();
    await page.screenshot({ path: join(screenshots, "lesson-11.png") });
  },
);

/** JupyterLab renders cells as they come into view. */
async function scrollThrough(page: Page): Promise<void> {
  const cells = await page.locator(".jp-Notebook .jp-Cell").count();
  for (let index = 0; index < cells; index += 2)
    await page.locator(".jp-Notebook .jp-Cell").nth(index).scrollIntoViewIfNeeded();
}
