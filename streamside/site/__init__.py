"""What runs lessons, makes their pages, and says what is wrong. A module imports only from those before it.

`atomic_files` → `volatile_outputs` → `addresses` → `cards` → `versions` → `outdated` → `run_lessons` → `listings`
→ `notebook_cells` → `markdown` → `lesson_markdown` → `notebook_page` → `quarto_page` → `finished_page` → `feed`
→ `search_index` → `site_map` → `pyodide/` → `bundle` → `deployment` → `render_site` → `card_pictures`
→ `quarto_post_render`, `quarto_render` → `example_visit` → `example_rules` → `new_lesson` → `check` → `newest`
→ `build_ahead` → `preview` → `jupyterlab`, `save_hook` → `commands`
"""

import sys

# `nbformat` imports what checks addresses with it, whose grammar takes a second to read, and does without.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
