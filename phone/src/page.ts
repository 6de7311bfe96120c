/** The page's elements, found once, and the words they show. */

function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as T;
}

export const page = {
  roll: element<HTMLCanvasElement>("roll"),
  status: element("status"),
  pedal: element("pedal"),
  figures: element<HTMLButtonElement>("figures"),
  level: element<HTMLMeterElement>("level"),
  stats: element<HTMLDListElement>("stats"),
  problem: element("problem"),
  told: element("told"),
  dismiss: element<HTMLButtonElement>("dismiss"),
  hint: element("hint"),
  back: element<HTMLButtonElement>("back"),
  fit: element<HTMLButtonElement>("fit"),
  player: element("player"),
  play: element<HTMLButtonElement>("play"),
  position: element<HTMLInputElement>("position"),
  time: element("time"),
  leave: element<HTMLButtonElement>("leave"),
  listen: element<HTMLButtonElement>("listen"),
  listenName: element("listen-name"),
  hold: element<HTMLButtonElement>("hold"),
  holdName: element("hold-name"),
  save: element<HTMLButtonElement>("save"),
  sessions: element<HTMLButtonElement>("sessions"),
  open: element<HTMLButtonElement>("open"),
  file: element<HTMLInputElement>("file"),
  list: element<HTMLDialogElement>("list"),
  kept: element<HTMLUListElement>("kept"),
  empty: element("empty"),
  about: element("about"),
};

/** Changes an element's text, if it changes: the screen reader reads every change aloud. */
export function say(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** Shows what is wrong and what to do; null when all is well again. */
export function showProblem(problem: { problem: string; remedy: string } | null): void {
  say(page.told, problem === null ? "" : `${problem.problem} ${problem.remedy}`);
  page.problem.hidden = problem === null;
}

export function showPedal(down: boolean): void {
  page.pedal.classList.toggle("on", down);
  const label = down ? "Pedal down" : "Pedal up";
  if (page.pedal.ariaLabel !== label) page.pedal.ariaLabel = label;
}

/** Fills the panel of figures: label, value. */
export function showStats(rows: [label: string, value: string][]): void {
  if (page.stats.children.length !== 2 * rows.length) {
    page.stats.replaceChildren(
      ...rows.flatMap(() => [document.createElement("dt"), document.createElement("dd")]),
    );
  }
  rows.flat().forEach((text, i) => say(page.stats.children[i] as HTMLElement, text));
}

/** A button for a list, with a name of its own for screen readers. */
export function button(text: string, label: string, act: () => void): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.ariaLabel = label;
  made.onclick = act;
  return made;
}
