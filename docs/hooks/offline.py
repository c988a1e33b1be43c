"""Cut the theme's two fallbacks to other hosts, so that the site loads nothing from outside.

The theme's script fetches a polyfill for browsers older than 2020, and a diagram library for pages
with diagrams, of which there are none here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

FALLBACK = re.compile(r"https://[\w.]+/(?=resize-observer-polyfill|mermaid@)")


def on_post_build(config: Any, **_: Any) -> None:
    """Called by mkdocs when the site is written."""
    for script in Path(config.site_dir, "assets", "javascripts").glob("bundle.*.js"):
        text, count = FALLBACK.subn("", script.read_text(encoding="utf-8"))
        if count != 2:
            raise ValueError(f"expected 2 fallbacks in {script.name}, found {count}")
        script.write_text(text, encoding="utf-8")
