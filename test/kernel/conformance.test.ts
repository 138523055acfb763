/** jupyter_kernel_test, the messaging protocol's own suite, on the installed kernel. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { isolatedEnvironment, runProgram, temporaryFolder, venvProgram } from "../support/jupyter.ts";

test("everything that jupyter_kernel_test asks of a kernel", { timeout: 180_000 }, async () => {
  const folder = temporaryFolder("conformance");
  try {
    const suite = fileURLToPath(new URL("conformance.py", import.meta.url));
    const { code, output } = await runProgram(venvProgram("python"), [suite, "-v"], {
      cwd: folder.path,
      env: isolatedEnvironment(folder.path),
    });
    expect(code, output).toBe(0);
    // The pager's is skipped: what `?name` shows stays in the notebook, and comes through nbconvert, as a pager's does not.
    const skipped = [...output.matchAll(/^(test_\w+).*skipped/gm)].map(([, name]) => name);
    expect(skipped, output).toEqual(["test_pager"]);
    expect(Number(/Ran (\d+) tests/.exec(output)?.[1])).toBeGreaterThan(12);
  } finally {
    folder.remove();
  }
});
