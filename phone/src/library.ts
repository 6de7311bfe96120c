/** The list of kept sessions: play, save, delete. */

import { midiFile } from "./midi";
import { transcriptOf } from "./notes";
import { button, page, say, showProblem } from "./page";
import { keepingProblem, savingProblem } from "./problems";
import { clockText } from "./roll";
import { save } from "./saving";
import { MICROPHONE, type Head, type Label, type Sessions } from "./sessions";
import { SAMPLE_RATE } from "./timing";
import type { Event } from "./events";

/**
 * Shows the list; `play` is called with the session chosen, `running` says which is being written.
 * Rejects where none can be read.
 */
export async function showLibrary(
  sessions: Sessions,
  running: (id: number) => boolean,
  play: (head: Head, events: Event[]) => void,
): Promise<void> {
  const heads = await sessions.list();
  page.kept.replaceChildren(
    ...heads.map((head) => {
      const item = document.createElement("li");
      const name = titled(head);
      item.append(
        line("strong", name),
        line("span", about(head)),
        button("Play", `Play ${name}`, () =>
          act(async () => {
            page.list.close();
            play(head, await sessions.read(head.id));
          }),
        ),
        button("Save", `Save ${name} as MIDI`, () =>
          act(async () => saveMidi(await sessions.read(head.id), head)),
        ),
      );
      if (running(head.id)) return item;
      const remove = async () => {
        if (!confirm(`Delete ${name}?`)) return;
        await sessions.remove(head.id);
        item.remove();
        tellEmpty();
      };
      item.append(button("Delete", `Delete ${name}`, () => act(remove)));
      return item;
    }),
  );
  tellEmpty();
  if (!page.list.open) page.list.showModal();
}

/** Does what may fail, and tells it: beside the list, which would hide the sentence. */
function act(work: () => Promise<void>): void {
  work().catch((error) => {
    page.list.close();
    showProblem(keepingProblem(error));
  });
}

function tellEmpty(): void {
  const none = page.kept.children.length === 0;
  say(page.empty, none ? "Nothing yet: what you play is kept here." : "");
}

/** Saves events as a MIDI file, named after the session. Throws `Problem`. */
export async function saveMidi(events: Event[], head: Label): Promise<void> {
  try {
    const file = midiFile(transcriptOf(events, head.samples), `amt ${head.model}`);
    await save(file, `${fileName(head)}.mid`, "audio/midi");
  } catch (error) {
    throw savingProblem(error);
  }
}

function line(kind: "strong" | "span", text: string): HTMLElement {
  const made = document.createElement(kind);
  made.textContent = text;
  return made;
}

function about({ samples, notes }: Head): string {
  return `${clockText(samples / SAMPLE_RATE)}, ${notes === 1 ? "1 note" : `${notes} notes`}`;
}

/** What a session is called: by its recording, or by when it was played. */
export function titled({ started, source }: Label): string {
  if (source !== MICROPHONE) return source;
  return new Date(started).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

/** Endings of recordings; `take 1.5 final` has none. */
const ENDING = /\.[a-z][a-z0-9]{1,3}$/i;

/** `2026-11-22_19-13-05`, or the recording's own name, where it has one before its ending. */
export function fileName({ started, source }: Label): string {
  const own = source === MICROPHONE ? "" : source.replace(ENDING, "").trim();
  if (own !== "") return own;
  const local = new Date(started - new Date(started).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace("T", "_").replaceAll(":", "-");
}
