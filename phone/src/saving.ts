/** A file on its way out: the phone's share sheet where it takes the file, a download elsewhere. */

export async function save(
  data: Uint8Array<ArrayBuffer>,
  name: string,
  type: string,
): Promise<void> {
  const file = new File([data], name, { type });
  if (navigator.canShare?.({ files: [file] })) {
    try {
      return await navigator.share({ files: [file], title: name });
    } catch (error) {
      // The player closed the sheet; any other refusal leaves the download.
      if (error instanceof DOMException && error.name === "AbortError") return;
    }
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
