import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const source = fileURLToPath(new URL("./src", import.meta.url));

export default defineConfig({
  base: "/",
  plugins: [react()],
  resolve: { alias: { "@": source } },
  build: {
    outDir: "dist",
    // These know light-dark() and oklch(); for older ones the colours would be rewritten, and wrongly.
    target: ["chrome123", "edge123", "firefox128", "safari17.5"],
    // The charts are one lazy chunk of their own; everything else stays far below this.
    chunkSizeWarningLimit: 900,
    // Small images as data: addresses would need a hole in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      onwarn(warning, warn) {
        // Libraries made for React Server Components mark every file "use client"; it means nothing here.
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning);
      },
    },
  },
  server: {
    proxy: {
      "/api": process.env.REGULARS_API ?? "http://127.0.0.1:8080",
      "/v1": process.env.REGULARS_API ?? "http://127.0.0.1:8080",
    },
  },
  test: {
    environment: "jsdom",
    setupFiles: ["src/lib/testing.ts"],
    css: false,
    restoreMocks: true,
    // One document for all files: making one costs more than all tests together, and every test cleans up after itself.
    isolate: false,
  },
});
