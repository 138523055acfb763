"""Teaches papermill to write parameters in TypeScript: `papermill in.ipynb out.ipynb -p epochs 3`.

papermill loads every package with a `papermill.engine` entry point when it starts, and has no entry point for
translators. So this module comes in as an engine, nbclient's own under the name `nnlab`, and registers the translator.
"""

import json
import re

from papermill.engines import NBClientEngine
from papermill.models import Parameter
from papermill.translators import Translator, papermill_translators

Engine = NBClientEngine

_declaration = re.compile(
    r"^\s*(?:let|const|var)\s+(?P<name>[\w$]+)\s*(?::\s*(?P<type>[^=]+?)\s*)?=\s*(?P<value>.*?)\s*;?"
    r"\s*(?://\s*(?P<help>.*))?$"
)


class TypeScriptTranslator(Translator):
    """Every value as JSON, which is TypeScript; NaN and Infinity too, as Python spells them."""

    @classmethod
    def translate(cls, val):
        return json.dumps(val, ensure_ascii=False, default=str)

    @classmethod
    def comment(cls, cmt_str):
        return f"// {cmt_str}".strip()

    @classmethod
    def assign(cls, name, str_val):
        return f"let {name} = {str_val};"

    @classmethod
    def inspect(cls, parameters_cell):
        """What `papermill --help-notebook` lists: the declarations that stand on one line."""
        found = filter(None, map(_declaration.match, parameters_cell["source"].splitlines()))
        return [
            Parameter(
                name=match["name"],
                inferred_type_name=match["type"] or "None",
                default=match["value"],
                help=match["help"] or "",
            )
            for match in found
        ]


papermill_translators.register("typescript", TypeScriptTranslator)
