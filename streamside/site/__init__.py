"""What runs lessons, makes their pages, and says what is wrong. A module imports only from those before it.

`atomic_files` → `volatile_outputs` → `outdated` → `run_lessons` → `markdown` → `notebook_page` → `feed` → `pyodide/`
→ `bundle` → `deployment` → `render_site` → `quarto_post_render` → `new_lesson` → `check` → `preview`
"""
