"""How Sphinx builds these pages."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "optiplug"
author = "The optiplug authors"
project_copyright = "The optiplug authors, Apache-2.0"

extensions = [
    "catalogue",
    "conversions",
    "docstrings",
    "excerpts",
    "growth",
    "leaderboard",
    "mathml",
    "myst_nb",
    "off_mesh",
    "public_names",
    "rooms",
    "scaling",
    "keras_members",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "stages",
    "type_table",
    "workloads",
]
exclude_patterns = ["_build", "changes", "**/.jupyter_cache"]
html_theme = "furo"
html_title = "optiplug"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["wide.css"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 3

# Notebooks are stored without outputs. One that fails fails the build; what has not changed is not run again.
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_output_stderr = "remove"

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = ["Differs from"]
