import { defineConfig } from "vitest/config";

export default defineConfig({
  // TensorBoard serves the page below a path it chooses: every address is relative.
  base: "./",
  // A library build keeps this for its user's bundler to fill in; ours has no further bundler.
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  build: {
    outDir: "../tb_plugin/tfmodetrace_tb_plugin/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    // What is bundled may be passed on together with its notices only.
    license: { fileName: "licenses.txt" },
    rolldownOptions: {
      input: "src/index.ts",
      // TensorBoard imports index.js by this name and calls what it exports.
      preserveEntrySignatures: "strict",
      output: { entryFileNames: "index.js" },
    },
  },
  test: {
    environment: "node",
    include: ["src/**/*.test.ts"],
  },
});
