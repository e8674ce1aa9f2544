/** The id of the button that does what a page is for; there is one at most. */
export const PRIMARY_ID = "primary-action";

/** Moves focus to that button, from where something was chosen that went away with it. */
export function focusPrimary(): void {
  document.getElementById(PRIMARY_ID)?.focus({ preventScroll: true });
}
