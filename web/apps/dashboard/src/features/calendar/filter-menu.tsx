/** Whose appointments are shown, and in which states; open from the start. */
import { DropdownMenu, MenuCheckboxItem, MenuItem, MenuLabel, MenuSeparator } from "@slotcast/ui";
import { useStatusTexts } from "../desk/status-texts";
import { STATUSES } from "../desk/statuses";
import { FilterButton, type FilterProps, filterCount } from "./filter";
import { useTexts } from "./texts";

export function FilterMenu({ desk, search, onSearch }: FilterProps) {
  const t = useTexts();
  const statusText = useStatusTexts();
  const members = search.members ?? [];
  const statuses = search.statuses ?? [];
  const count = filterCount(search);
  return (
    <DropdownMenu startsOpen trigger={<FilterButton count={count} />}>
      <MenuLabel>{t("calendar.filterMembers")}</MenuLabel>
      {desk.members.map((member) => (
        <MenuCheckboxItem
          key={member.id}
          checked={members.includes(member.id)}
          onChange={() => onSearch({ members: toggled(members, member.id) })}
        >
          {member.name}
        </MenuCheckboxItem>
      ))}
      <MenuSeparator />
      <MenuLabel>{t("calendar.filterStatuses")}</MenuLabel>
      {STATUSES.map((status) => (
        <MenuCheckboxItem
          key={status}
          checked={statuses.includes(status)}
          onChange={() => onSearch({ statuses: toggled(statuses, status) })}
        >
          {statusText(`status.${status}`)}
        </MenuCheckboxItem>
      ))}
      {count > 0 && (
        <>
          <MenuSeparator />
          <MenuItem onSelect={() => onSearch({ members: undefined, statuses: undefined })}>
            {t("calendar.filterClear")}
          </MenuItem>
        </>
      )}
    </DropdownMenu>
  );
}

/** The list with an item put in or taken out; an empty one means all. */
function toggled<T>(list: readonly T[], item: T): T[] | undefined {
  const next = list.includes(item) ? list.filter((other) => other !== item) : [...list, item];
  return next.length === 0 ? undefined : next;
}
