/** The list of kept sessions: play, save, delete. */

import { midiFile } from "./midi";
import { transcriptOf } from "./notes";
import { button, page, say } from "./page";
import { clockText } from "./roll";
import { save } from "./saving";
import type { Head, Sessions } from "./sessions";
import { SAMPLE_RATE } from "./timing";
import type { Event } from "./events";

/** Shows the list; `play` is called with the session chosen. */
export async function showLibrary(
  sessions: Sessions,
  play: (head: Head, events: Event[]) => void,
): Promise<void> {
  const heads = await sessions.list();
  page.kept.replaceChildren(
    ...heads.map((head) => {
      const item = document.createElement("li");
      const about = document.createElement("span");
      about.textContent = describe(head);
      const name = titled(head);
      item.append(
        about,
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
export async function saveMidi(
  events: Event[],
  head: Pick<Head, "started" | "samples" | "source" | "model">,
): Promise<void> {
  const file = midiFile(transcriptOf(events, head.samples), `amt ${head.model}`);
  await save(file, `${fileName(head)}.mid`, "audio/midi");
}

function describe(head: Head): string {
  const notes = head.notes === 1 ? "1 note" : `${head.notes} notes`;
  return `${titled(head)}: ${clockText(head.samples / SAMPLE_RATE)}, ${notes}`;
}

function titled({ started, source }: Pick<Head, "started" | "source">): string {
  const when = new Date(started).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  return source === "Microphone" ? when : `${source} (${when})`;
}

/** `2026-11-22_19-13-05`, or the recording's own name. */
function fileName({ started, source }: Pick<Head, "started" | "source">): string {
  if (source !== "Microphone") return source.replace(/\.[^.]+$/, "");
  const local = new Date(started - new Date(started).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19).replace("T", "_").replaceAll(":", "-");
}
