/** The list of sessions, and what sessions and their files are called. */

import { beforeEach, expect, test, vi } from "vitest";
import { fileName, showLibrary, titled } from "../src/library";
import { sourceOf, type Head, type Sessions } from "../src/sessions";

interface Item {
  children: { text?: string; label?: string; act?: () => void }[];
  append(...more: Item["children"]): void;
  remove(): void;
}

const world = vi.hoisted(() => ({
  items: [] as unknown[],
  empty: "",
  open: false,
  problems: [] as string[],
}));

vi.mock("../src/page", () => ({
  page: {
    kept: {
      replaceChildren: (...items: unknown[]) => void world.items.splice(0, Infinity, ...items),
      get children() {
        return world.items;
      },
    },
    list: {
      close: () => void (world.open = false),
      showModal: () => void (world.open = true),
      get open() {
        return world.open;
      },
    },
    empty: null,
  },
  say: (_target: unknown, text: string) => void (world.empty = text),
  button: (text: string, label: string, act: () => void) => ({ text, label, act }),
  showProblem: (problem: Error) => void world.problems.push(problem.message),
}));
vi.mock("../src/saving", () => ({
  save: async () => {
    throw new Error("no disk");
  },
}));

const items = world.items as Item[];

function head(id: number, source = "a.wav"): Head {
  return { id, started: 0, source, model: "live 1", samples: 16_000, notes: 0 };
}

beforeEach(() => {
  Object.assign(world, { empty: "", open: false });
  world.problems.length = 0;
  vi.stubGlobal("confirm", () => true);
  vi.stubGlobal("document", {
    createElement: (): Partial<Item> => {
      const children: Item["children"] = [];
      const item = {
        children,
        append: (...more: Item["children"]) => void children.push(...more),
        remove: () => void items.splice(items.indexOf(item as unknown as Item), 1),
      };
      return item;
    },
  });
});

async function show(sessions: Partial<Sessions>, running = 0, play = () => undefined) {
  await showLibrary(sessions as Sessions, (id) => id === running, play);
}

async function tap(item: Item, text: string): Promise<void> {
  item.children.find((child) => child.text === text)!.act!();
  await new Promise((resolve) => setTimeout(resolve, 0));
}

test("says so when the last session is deleted", async () => {
  await show({ list: async () => [head(1)], remove: async () => undefined });
  expect(world.empty).toBe("");
  await tap(items[0], "Delete");
  expect(items.length).toBe(0);
  expect(world.empty).toMatch(/Nothing yet/);
});

test("offers no deletion of the session that is being written", async () => {
  await show({ list: async () => [head(2), head(1)] }, 2);
  const texts = items.map(({ children }) => children.flatMap(({ text }) => text ?? []));
  expect(texts).toEqual([
    ["Play", "Save"],
    ["Play", "Save", "Delete"],
  ]);
});

test.each(["Play", "Save", "Delete"])("%s that fails is told beside the list", async (button) => {
  const fail = async () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  await show({ list: async () => [head(1)], read: fail, remove: fail });
  await tap(items[0], button);
  expect(world.problems).toEqual([expect.stringMatching(/no room left/)]);
  expect(world.open).toBe(false);
  expect(items.length).toBe(1);
});

test("a file that cannot be written has a sentence", async () => {
  await show({ list: async () => [head(1)], read: async () => [] });
  await tap(items[0], "Save");
  expect(world.problems).toEqual([expect.stringMatching(/MIDI file was not saved: no disk/)]);
});

test.each([
  ["take.wav", "take"],
  ["take 1.5 final", "take 1.5 final"],
  ["take 1.5 final.FLAC", "take 1.5 final"],
  ["take.m4a", "take"],
  [".wav", "1970-01-01_00-00-00"],
  ["Microphone", "1970-01-01_00-00-00"],
])("the MIDI file of %j is called %j", (source, name) => {
  const started = new Date(0).getTimezoneOffset() * 60_000;
  expect(fileName({ ...head(1, source), started })).toBe(name);
});

test("a file that is called Microphone is not taken for one", () => {
  const source = sourceOf(new File([], "Microphone"));
  expect(titled(head(1, source))).toBe("Microphone (file)");
  expect(fileName(head(1, source))).toBe("Microphone (file)");
});
