import { Button, type ButtonProps, cn, later, useOpener } from "@slotcast/ui";
import { ListFilter } from "lucide-react";
import type { Desk } from "../desk/desk";
import type { CalendarSearch, SearchChange } from "./search";
import { useTexts } from "./texts";

export interface FilterProps {
  desk: Desk;
  search: CalendarSearch;
  onSearch: (change: SearchChange) => void;
}

const menu = later(() => import("./filter-menu"));

/** Says whether the calendar is narrowed; opens the menu that does it. */
export function Filter(props: FilterProps) {
  const { opened, opener } = useOpener(menu, "menu");
  if (opened) return <opened.FilterMenu {...props} />;
  return <FilterButton count={filterCount(props.search)} {...opener} />;
}

/** By how many things the calendar is narrowed. */
export function filterCount({ members, statuses }: CalendarSearch): number {
  return (members ? 1 : 0) + (statuses ? 1 : 0);
}

/** The button itself. */
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
