import { defineConfig } from "vitest/config";

/** Through a real browser: run by `scripts/test -m phone`, which makes the recording. */
export default defineConfig({
  test: {
    include: ["e2e/**/*.test.ts"],
    // What needs an idle machine is asked for by `npm run bench`.
    exclude: process.env.AMT_PHONE_BENCH ? [] : ["e2e/bench.test.ts"],
    // One browser at a time: the microphone's clock is the machine's.
    fileParallelism: false,
    disableConsoleIntercept: true,
    // For a browser on a slow and busy machine; vitest's own are 5, 10 and 1 s.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
