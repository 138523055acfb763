// Every name that a cell finds without an import. The only file of the kernel that imports the engine and the views;
// loading it connects them to the notebook.

export { clearOutput, display } from "../display.ts";
export { getpass, prompt } from "../execution/input.ts";
