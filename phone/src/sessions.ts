/**
 * Sessions kept in the browser's database: a head, and pages of events written while they come, so
 * that a crash, a call or a closed page loses a second at most.
 */

import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import type { Event } from "./events";
import { lostShelf } from "./problems";

/** The source of a session that was heard live; a file is called `sourceOf` it. */
export const MICROPHONE = "Microphone";

/** A session as it is listed. */
export interface Head {
  id: number;
  /** Milliseconds since 1970. */
  started: number;
  /** `Microphone`, or the name of a file. */
  source: string;
  model: string;
  /** Its length on its own clock. */
  samples: number;
  notes: number;
}

/** What is known of a session before it is kept. */
export type Label = Omit<Head, "id" | "notes">;

interface Shelf extends DBSchema {
  sessions: { key: number; value: Omit<Head, "id"> & { id?: number } };
  pages: { key: number; value: { session: number; events: Event[] }; indexes: { session: number } };
}

/** What a session is called that comes from a file. */
export function sourceOf({ name }: File): string {
  return name === MICROPHONE ? `${MICROPHONE} (file)` : name;
}

export class Sessions {
  private constructor(private shelf: IDBPDatabase<Shelf>) {}

  static async open(): Promise<Sessions> {
    return new Sessions(await openShelf());
  }

  /** Begins a session; returns its number. */
  async begin(source: string, model: string, started = Date.now()): Promise<number> {
    const head = { started, source, model, samples: 0, notes: 0 };
    return this.reach((shelf) => shelf.add("sessions", head));
  }

  /** Adds events, and says how long the session is by now. */
  async append(id: number, events: Event[], samples: number): Promise<void> {
    await this.reach(async (shelf) => {
      const writing = shelf.transaction(["sessions", "pages"], "readwrite");
      const head = await writing.objectStore("sessions").get(id);
      if (head !== undefined) {
        const notes = head.notes + events.filter(({ kind }) => kind === "on").length;
        await writing.objectStore("sessions").put({ ...head, samples, notes });
        if (events.length > 0) await writing.objectStore("pages").add({ session: id, events });
      }
      await writing.done;
    });
  }

  /** The latest first. */
  async list(): Promise<Head[]> {
    return ((await this.reach((shelf) => shelf.getAll("sessions"))) as Head[]).reverse();
  }

  /** Events of a session in the order of their decision. */
  async read(id: number): Promise<Event[]> {
    const pages = await this.reach((shelf) => shelf.getAllFromIndex("pages", "session", id));
    return pages.flatMap(({ events }) => events);
  }

  async remove(id: number): Promise<void> {
    await this.reach(async (shelf) => {
      const writing = shelf.transaction(["sessions", "pages"], "readwrite");
      await writing.objectStore("sessions").delete(id);
      const pages = writing.objectStore("pages");
      for (const key of await pages.index("session").getAllKeys(id)) await pages.delete(key);
      await writing.done;
    });
  }

  /** Works on the shelf. Phones take it from pages that sleep: then it is opened once more. */
  private async reach<T>(work: (shelf: IDBPDatabase<Shelf>) => Promise<T>): Promise<T> {
    try {
      return await work(this.shelf);
    } catch (error) {
      if (!isLost(error)) throw error;
    }
    try {
      this.shelf = await openShelf();
      return await work(this.shelf);
    } catch (error) {
      throw isLost(error) ? lostShelf() : error;
    }
  }
}

function openShelf(): Promise<IDBPDatabase<Shelf>> {
  return openDB<Shelf>("amt", 1, {
    upgrade(db) {
      db.createObjectStore("sessions", { keyPath: "id", autoIncrement: true });
      db.createObjectStore("pages", { autoIncrement: true }).createIndex("session", "session");
    },
  });
}

/** Chromium and Firefox say that the database is closing, Safari that its server was lost. */
function isLost(error: unknown): boolean {
  return (
    error instanceof DOMException && ["InvalidStateError", "UnknownError"].includes(error.name)
  );
}
