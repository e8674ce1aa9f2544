const FIELD = "[data-search]";
/** A page that takes longer to come is not waited for. */
const PATIENCE_MS = 3_000;

/** Puts the cursor into the page's search field, as soon as it is there. */
export function focusSearch(): void {
  if (focusNow()) return;
  const watcher = new MutationObserver(() => {
    if (focusNow()) watcher.disconnect();
  });
  watcher.observe(document.body, { childList: true, subtree: true });
  setTimeout(() => watcher.disconnect(), PATIENCE_MS);
}

function focusNow(): boolean {
  const field = document.querySelector<HTMLInputElement>(FIELD);
  field?.focus();
  field?.select();
  return field !== null;
}
