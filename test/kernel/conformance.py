"""The kernel against jupyter_kernel_test, the protocol's own suite. Run by conformance.test.ts."""

import unittest

import jupyter_kernel_test


class NnlabTests(jupyter_kernel_test.KernelTests):
    kernel_name = "nnlab"
    language_name = "typescript"
    file_extension = ".ts"
    code_hello_world = "console.log('hello, world')"
    code_stderr = "console.error('hello, stderr')"
    completion_samples = [
        {"text": "Math.asin", "matches": {"asin", "asinh"}},
        {"text": "'abc'.padE", "matches": {"padEnd"}},
    ]
    complete_code_samples = ["1", "const a: number = 1;", "function f() {\n  return 1;\n}\n"]
    incomplete_code_samples = ["function f() {", "const a = [1,", "if (true) {"]
    invalid_code_samples = ["const = 5;", "let 1a = 2"]
    code_generate_error = "throw new Error('as asked')"
    code_execute_result = [
        {"code": "1 + 2 + 3", "result": "6"},
        {"code": "[1, 2].map((n) => 3 * n)", "result": "[ 3, 6 ]"},
        {"code": "'a' + 1", "result": "'a1'"},
    ]
    code_display_data = [
        {
            "code": "display({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<b>x</b>' }) })",
            "mime": "text/html",
        },
        {"code": "display([1, 2])", "mime": "text/plain"},
    ]
    code_history_pattern = "1 + 2*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "Math.max"
    code_clear_output = "clearOutput()"


class NnlabWelcomeTests(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = "nnlab"
    support_iopub_welcome = True


if __name__ == "__main__":
    unittest.main()
