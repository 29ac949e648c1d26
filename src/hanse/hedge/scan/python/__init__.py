"""Models in Python: `tolerant` parses, `collect` walks the tree once, `resolve` says what an expression can be, `calls` and
`judging` what asks for a model, `reading` applies the rules, `project` joins the files of a scan."""

from hanse.hedge.scan.python.project import read_python, read_python_project

__all__ = ["read_python", "read_python_project"]
