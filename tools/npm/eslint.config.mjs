import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2024, sourceType: "module" },
    rules: {
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      complexity: ["error", 12],
      "max-lines": ["error", 400],
      // Text from containers and images reaches these modules: it must never be read as HTML.
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({
          property,
          message: "Set textContent, or build elements: the text may come from a container.",
        })),
      ],
    },
  },
  { files: ["book/_static/**"], languageOptions: { globals: globals.browser } },
  { files: ["book/_static/**/*worker.mjs"], languageOptions: { globals: globals.worker } },
  { files: ["tests/js/**", "tools/npm/**"], languageOptions: { globals: globals.node } },
];
