/**
 * What can go wrong for the player, each in two sentences: what is wrong, and what to do. The twin
 * in spirit of transcriber/errors.py; anything else that is thrown is a bug.
 */

export class Problem extends Error {
  constructor(
    readonly problem: string,
    readonly remedy: string,
  ) {
    super(`${problem} ${remedy}`);
    this.name = "Problem";
  }
}

const MICROPHONE: Record<string, [string, string]> = {
  NotAllowedError: [
    "The microphone may not be used.",
    "Allow it for this page in the browser's settings, then tap Listen again.",
  ],
  SecurityError: [
    "The microphone may not be used on this page.",
    "Open the page over HTTPS or on localhost.",
  ],
  NotFoundError: ["No microphone was found.", "Plug one in, then tap Listen again."],
  OverconstrainedError: ["No microphone was found.", "Plug one in, then tap Listen again."],
  NotReadableError: [
    "The microphone is used by another app, or does not work.",
    "Close the other app, then tap Listen again.",
  ],
};

/** What a failed attempt to open the microphone means. */
export function microphoneProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const name = error instanceof DOMException ? error.name : "";
  const [problem, remedy] = MICROPHONE[name] ?? [
    "The microphone could not be opened.",
    "Tap Listen to try again.",
  ];
  return new Problem(problem, remedy);
}

/** What a failure of the listener (loading, computing) means. */
export function listenerProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const text = String(error instanceof Error ? error.message : error);
  // Browsers agree on no type for this; ONNX Runtime's allocator says bad_alloc or OrtMemory.
  if (
    /out of memory|bad_alloc|memory access|could not allocate|Array buffer allocation/i.test(text)
  ) {
    return new Problem(
      "The phone has too little free memory to listen.",
      "Close other pages and apps, then load this page again; notes so far are kept.",
    );
  }
  if (/fetch|network|load failed/i.test(text)) {
    return new Problem(
      "The model could not be loaded.",
      "Connect to the network once; afterwards the page works without it.",
    );
  }
  return new Problem(`Listening has failed: ${text.slice(0, 160)}.`, "Load the page again.");
}

/** What a failure to keep a session means. */
export function keepingProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const name = error instanceof DOMException ? error.name : "";
  if (name === "QuotaExceededError") {
    return new Problem(
      "There is no room left to keep this session.",
      "Save it as MIDI now, and delete old sessions.",
    );
  }
  return new Problem(
    "This browser does not keep sessions (a private window?).",
    "Save as MIDI before you leave the page.",
  );
}

/** The browser has closed the sessions' database, and does not open it again. */
export function lostShelf(): Problem {
  return new Problem(
    "The browser has lost its store of sessions.",
    "Save as MIDI now, then load the page again.",
  );
}

/** What a failure to save a MIDI file means. */
export function savingProblem(error: unknown): Problem {
  const text = String(error instanceof Error ? error.message : error);
  return new Problem(`The MIDI file was not saved: ${text.slice(0, 160)}.`, "Tap Save again.");
}

/** What it means that the bytes of a file chosen by the player do not come. */
export function readingProblem(name: string): Problem {
  return new Problem(
    `${name} could not be read: it was moved or changed, is too large, or lies in the cloud.`,
    "Copy it onto the phone, then open it again.",
  );
}

/** What a failure to decode a recording means. */
export function decodingProblem(name: string, error: unknown): Problem {
  if (error instanceof RangeError) {
    return new Problem(`${name} is too long for this phone's memory.`, "Cut it into pieces.");
  }
  return new Problem(
    `${name} is not a recording this browser can read.`,
    "Try WAV, MP3, M4A or FLAC.",
  );
}

export function tooLong(name: string): Problem {
  return new Problem(`${name} is longer than an hour.`, "Cut it into pieces.");
}
