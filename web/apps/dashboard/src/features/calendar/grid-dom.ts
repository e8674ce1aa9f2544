/** What we do to the elements of the calendar library. */
import type { Calendar } from "@event-calendar/core";

/** Tells which appointment an element belongs to, if to any. */
export function pointAt(
  element: EventTarget,
  onPoint: (id: string, element: HTMLElement) => void,
): void {
  if (!(element instanceof HTMLElement)) return;
  const event = element.closest<HTMLElement>(".ec-event[data-appointment]");
  if (event?.dataset.appointment) onPoint(event.dataset.appointment, event);
}

/** The head of a member's column: their colour, name, and how much they have to do. */
export function columnHead({ resource }: Calendar.ResourceLabelInfo): Calendar.Content {
  const { color, count } = resource.extendedProps as { color?: string; count?: number };
  const head = document.createElement("span");
  head.className = "member ev-column";
  head.style.setProperty("--member", color ?? "#8a8378");
  const dot = document.createElement("span");
  dot.className = "ev-dot member-dot";
  const name = document.createElement("span");
  name.className = "ev-name";
  name.textContent = String(resource.title);
  const number = document.createElement("span");
  number.className = "ev-count";
  number.textContent = count ? String(count) : "";
  head.append(dot, name, number);
  return { domNodes: [head] };
}

/** Words that only take their room. */
export function unseen(words: string): { domNodes: Node[] } {
  const element = document.createElement("span");
  element.style.visibility = "hidden";
  element.textContent = words;
  return { domNodes: [element] };
}

/**
 * The library says that it is a table, but its events are no cells, so screen readers would look for a table that is
 * not there. It is a group of buttons; the agenda is the list for those who read.
 */
export function tameRoles(target: HTMLElement): void {
  for (const role of ["table", "row", "rowgroup", "cell", "columnheader"]) {
    for (const element of target.querySelectorAll(`[role="${role}"]`)) {
      element.removeAttribute("role");
      element.removeAttribute("aria-colindex");
      element.removeAttribute("aria-colspan");
    }
  }
  for (const label of target.querySelectorAll(".ec-col-head > [aria-label]")) {
    label.removeAttribute("aria-label");
  }
}

export interface Focused {
  id: string;
  element: HTMLElement;
}

/** The appointment that has the focus, if one has. */
export function focusedAppointment(target: HTMLElement | null): Focused | null {
  const element = document.activeElement;
  if (!(element instanceof HTMLElement) || !target?.contains(element)) return null;
  const id = element.dataset.appointment;
  return id === undefined ? null : { id, element };
}

/** Gives the focus back to an appointment whose element was drawn anew, unless it has gone elsewhere since. */
export function refocus(target: HTMLElement | null, focused: Focused | null): void {
  if (focused === null || focused.element.isConnected) return;
  if (document.activeElement !== document.body) return;
  target?.querySelector<HTMLElement>(`[data-appointment="${focused.id}"]`)?.focus();
}
