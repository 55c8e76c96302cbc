import js from "@eslint/js";
import lit from "eslint-plugin-lit";
import tseslint from "typescript-eslint";

export default tseslint.config({ ignores: ["node_modules", "coverage"] }, js.configs.recommended, {
  files: ["**/*.ts"],
  extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked, lit.configs["flat/recommended"]],
  languageOptions: {
    parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
  },
  rules: {
    "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    "@typescript-eslint/switch-exhaustiveness-check": "error",
    "no-restricted-syntax": [
      "error",
      {
        selector: "MemberExpression[property.name=/^(innerHTML|outerHTML|insertAdjacentHTML)$/]",
        message: "What users named must never be parsed as HTML: render it with a Lit template.",
      },
      {
        selector: "ImportSpecifier[imported.name=/^unsafe/]",
        message: "What users named must never be parsed as HTML: render it with a Lit template.",
      },
    ],
  },
});
