import { Button, type ButtonProps, cn } from "@slotcast/ui";
import { ListFilter } from "lucide-react";
import type { CalendarSearch } from "./search";
import { useTexts } from "./texts";

/** By how many things the calendar is narrowed. */
export function filterCount({ members, statuses }: CalendarSearch): number {
  return (members ? 1 : 0) + (statuses ? 1 : 0);
}

/** Says whether the calendar is narrowed; what opens the menu, once that is loaded. */
export function FilterButton({ count, ...props }: ButtonProps & { count: number }) {
  const t = useTexts();
  return (
    <Button variant="quiet" className={cn(count > 0 && "text-accent-text")} {...props}>
      <ListFilter aria-hidden className="size-4" strokeWidth={1.75} />
      <span className="max-sm:sr-only">
        {count > 0 ? t("calendar.filterActive", { count }) : t("calendar.filter")}
      </span>
    </Button>
  );
}
