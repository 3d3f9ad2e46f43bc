"""The room for Pyodide, the interpreter that the pages bring: what runs in it here, under Node.js."""
