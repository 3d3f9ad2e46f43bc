"""Programs that run in Pyodide, each by its `main`; nothing here is imported by the rest of the package."""
