import { Avatar, formatDay, Popover, useLanguage } from "@slotcast/ui";
import { useTexts } from "./texts";
import type { NamedPerson } from "./use-people";
import { PeopleButton } from "./who-is-looking";

/** Where in the workspace the others are; open from the start. */
export function PeopleList({ people }: { people: readonly NamedPerson[] }) {
  const t = useTexts();
  return (
    <Popover
      startsOpen
      label={t("presence.title")}
      align="end"
      className="w-64 p-3"
      trigger={<PeopleButton people={people} />}
    >
      <h2 className="pb-2 font-semibold text-sm">{t("presence.title")}</h2>
      <ul className="flex flex-col gap-2">
        {people.map((person) => (
          <li key={person.userId} className="flex items-center gap-2.5">
            <Avatar size="sm" name={person.name} color={person.color} />
            <span className="min-w-0 flex-1 truncate font-medium text-sm">{person.name}</span>
            <span className="text-ink-faint text-xs">
              <Where person={person} />
            </span>
          </li>
        ))}
      </ul>
    </Popover>
  );
}

function Where({ person: { view, date } }: { person: NamedPerson }) {
  const t = useTexts();
  const { locale } = useLanguage();
  const name = t(`presence.place.${view}`);
  if (date === null) return name;
  return t("presence.dayOf", { view: name, date: formatDay(date, locale, "short") });
}
