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

// What follows runs in the browser; its JupyterLab was started with the application exposed.

/** Cells run before the kernel is connected are silently left alone by JupyterLab. */
const kernelIsReady = `(({ isReady, session }) =>
  isReady && session?.kernel?.connectionStatus === "connected" && session.kernel.status === "idle"
)(window.jupyterapp.shell.currentWidget.context.sessionContext)`;

/** Whether every code cell has been run. */
const allCellsRan = `[...window.jupyterapp.shell.currentWidget.content.model.cells]
  .filter((cell) => cell.type === "code")
  .every((cell) => cell.executionCount !== null && cell.executionState !== "running")`;

test.skipIf(executable === undefined)(
  "lesson 11 runs in JupyterLab and its charts render",
  { timeout: 240_000 },
  async () => {
    await page.goto(
      `${server.baseUrl}lab/tree/lectures/11-a-cnn-from-end-to-end.ipynb?token=${server.token}`,
    );
    const notebook = page.locator(".jp-Notebook");
    await notebook.waitFor({ timeout: 60_000 });
    await page.waitForFunction(kernelIsReady, undefined, { timeout: 60_000, polling: 200 });

    await page.getByRole("menuitem", { name: "Run", exact: true }).click();
    await page.getByRole("menuitem", { name: "Run All Cells", exact: true }).click();
    await page
      .waitForFunction(allCellsRan, undefined, { timeout: 180_000, polling: 500 })
      .catch(async (error) => {
        await page.screenshot({ path: join(screenshots, "lesson-11-unfinished.png") });
        throw error;
      });

    const shown = await lookThrough(page);
    expect(shown.errors).toBe(0);
    expect(shown.charts).toBeGreaterThanOrEqual(6);
    expect(shown.pictures).toBeGreaterThanOrEqual(6);

    await scrollTo(page, "Now the real training");
    await page.waitForTimeout(1000);
    await page.screenshot({ path: join(screenshots, "lesson-11.png") });
  },
);

/** JupyterLab attaches cells as they come into view, so this scrolls down like a reader, half a screen at a time. */
async function* scrolling(page: Page): AsyncGenerator<void> {
  for (let top = 0; ; top += 400) {
    const script = `(panel => (panel.scrollTop = ${top}, panel.scrollTop))(document.querySelector(".jp-WindowedPanel-outer"))`;
    const reached = await page.evaluate<number>(script);
    await page.waitForTimeout(150);
    yield;
    if (reached < top) return;
  }
}

/** Numbers of the cells in view in which `selector` finds something larger than a thumbnail. */
async function cellsWith(page: Page, selector: string): Promise<string[]> {
  return page.evaluate<string[]>(`
    [...document.querySelectorAll('.jp-OutputArea-output ${selector}')]
      .filter((element) => element.getBoundingClientRect().width > 100 && element.getBoundingClientRect().height > 50)
      .map((element) => element.closest(".jp-Cell").dataset.windowedListIndex)`);
}

/** Counts the cells with charts, with pictures and with errors that a reader meets on the way down. */
async function lookThrough(page: Page): Promise<{ charts: number; pictures: number; errors: number }> {
  const charts = new Set<string>();
  const pictures = new Set<string>();
  let errors = 0;
  for await (const _ of scrolling(page)) {
    for (const cell of await cellsWith(page, ".vega-embed canvas, .jp-OutputArea-output .vega-embed svg"))
      charts.add(cell);
    for (const cell of await cellsWith(page, "img")) pictures.add(cell);
    errors += await page.locator('[data-mime-type="application/vnd.jupyter.error"]').count();
  }
  return { charts: charts.size, pictures: pictures.size, errors };
}

/** Scrolls down until a text is in view, and puts it at the top of the screen. */
async function scrollTo(page: Page, text: string): Promise<void> {
  const target = page.locator(".jp-RenderedMarkdown", { hasText: text }).filter({ visible: true });
  for await (const _ of scrolling(page))
    if ((await target.count()) > 0) {
      await target.first().evaluate((element) => element.scrollIntoView({ block: "start" }));
      return;
    }
  await page.screenshot({ path: join(screenshots, "lesson-11-unfinished.png") });
  throw new Error(`the notebook shows no "${text}"`);
}
