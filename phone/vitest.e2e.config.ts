import { defineConfig } from "vitest/config";

/** Through a real browser: run by `scripts/test -m phone`, which makes the recording. */
export default defineConfig({
  test: {
    include: ["e2e/**/*.test.ts"],
    // One browser at a time: the microphone's clock is the machine's.
    fileParallelism: false,
    disableConsoleIntercept: true,
  },
});
