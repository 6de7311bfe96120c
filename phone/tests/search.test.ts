/** Places in sorted lists. */

import { expect, test } from "vitest";
import { countBefore } from "../src/search";

test("are those that a look at every element finds", () => {
  const lists = [[], [1], [1, 1, 2, 3, 3, 3, 7]];
  for (const list of lists) {
    for (let limit = 0; limit < 9; limit++) {
      expect(countBefore(list, (x) => x < limit)).toBe(list.filter((x) => x < limit).length);
    }
  }
});

test("are found without one", () => {
  let looks = 0;
  const list = Array.from({ length: 100_000 }, (_, i) => i);
  expect(countBefore(list, (x) => ++looks > 0 && x < 77_777)).toBe(77_777);
  expect(looks).toBeLessThan(20);
});
