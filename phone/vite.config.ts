import basicSsl from "@vitejs/plugin-basic-ssl";
import { defineConfig } from "vitest/config";
import { precache } from "./precache";

const WORKER = "sw.js";

export default defineConfig({
  // Relative, so that dist/ can lie in any folder of any host.
  base: "./",
  // `scripts/phone --https`: a self-signed certificate, because microphones want HTTPS.
  plugins: [precache(WORKER), process.env.AMT_PHONE_HTTPS ? basicSsl() : null],
  worker: { format: "es" },
  build: {
    target: ["chrome97", "firefox114", "safari16.4"],
    rollupOptions: {
      input: { index: "index.html", sw: "src/sw.ts" },
      output: {
        entryFileNames: ({ name }) => (name === "sw" ? WORKER : "assets/[name]-[hash].js"),
      },
    },
  },
  // Vitest's own five seconds are short for a slow and busy machine.
  test: { include: ["tests/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000 },
});
