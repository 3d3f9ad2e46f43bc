import js from "@eslint/js";
import globals from "globals";

const workers = ["blog/live/python/*.js", "blog/live/service-worker/*.js"];

export default [
  { ignores: ["_site/", ".venv/", ".cache/"] },
  js.configs.recommended,
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  { files: ["**/*.js"], rules: { eqeqeq: "error", "no-var": "error", "prefer-const": "error" } },
  {
    files: ["blog/live/**/*.js", "blog/search/*.js", "blog/theme/*.js"],
    ignores: workers,
    languageOptions: { globals: globals.browser },
  },
  { files: ["**/*.mjs"], languageOptions: { globals: globals.node } },
  { files: workers, languageOptions: { globals: { ...globals.worker, ...globals.serviceworker } } },
];
