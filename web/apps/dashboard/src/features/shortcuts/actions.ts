import type { Command } from "./keys";

export type CalendarView = "day" | "week" | "month" | "agenda";

export const PAGES = ["calendar", "customers", "services", "team", "settings"] as const;
export type Page = (typeof PAGES)[number];

/** What the shell does for commands. */
export interface ShortcutActions {
  create(): void;
  today(): void;
  view(view: CalendarView): void;
  /** One day, week or month earlier or later. */
  step(direction: -1 | 1): void;
  /** Goes to where customers are searched. */
  search(): void;
  go(page: Page): void;
  openCustomer(customerId: string): void;
}

export function carryOut(command: Exclude<Command, "palette" | "help">, actions: ShortcutActions) {
  switch (command) {
    case "create":
      return actions.create();
    case "today":
      return actions.today();
    case "previous":
      return actions.step(-1);
    case "next":
      return actions.step(1);
    case "search":
      return actions.search();
    case "day":
    case "week":
    case "month":
    case "agenda":
      return actions.view(command);
  }
}
