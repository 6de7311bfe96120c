/** The list of kept sessions: play, save, delete. */

import { midiFile } from "./midi";
import { transcriptOf } from "./notes";
import { button, page, say } from "./page";
import { clockText } from "./roll";
import { save } from "./saving";
import type { Head, Label, Sessions } from "./sessions";
import { SAMPLE_RATE } from "./timing";
import type { Event } from "./events";

/** Shows the list; `play` is called with the session chosen. Rejects where none can be read. */
export async function showLibrary(
  sessions: Sessions,
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
        button("Play", `Play ${name}`, () => {
          page.list.close();
          void sessions.read(head.id).then((events) => play(head, events));
        }),
        button("Save", `Save ${name} as MIDI`, () => {
          void sessions.read(head.id).then((events) => saveMidi(events, head));
        }),
        button("Delete", `Delete ${name}`, () => {
          if (!confirm(`Delete ${name}?`)) return;
          void sessions.remove(head.id).then(() => item.remove());
        }),
      );
      return item;
    }),
  );
  say(page.empty, heads.length === 0 ? "Nothing yet: what you play is kept here." : "");
  if (!page.list.open) page.list.showModal();
}

/** Saves events as a MIDI file, named after the session. */
export async function saveMidi(events: Event[], head: Label): Promise<void> {
  const file = midiFile(transcriptOf(events, head.samples), `amt ${head.model}`);
  await save(file, `${fileName(head)}.mid`, "audio/midi");
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
  if (source !== "Microphone") return source;
  return new Date(started).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

/** `2026-11-22_19-13-05`, or the recording's own name. */
function fileName({ started, source }: Label): string {
  if (source !== "Microphone") return source.replace(/\.[^.]+$/, "");
  const local = new Date(started - new Date(started).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace("T", "_").replaceAll(":", "-");
}
