"""The JSON tree of a rule, read strictly: an unknown key is an error that names the nearest known one."""

from regulars.rules.tree.reading import NODES, parse_tree
from regulars.rules.tree.writing import moment_text, to_tree

__all__ = ["NODES", "moment_text", "parse_tree", "to_tree"]
