import { Avatar, formatDay, Popover, useLanguage } from "@slotcast/ui";
import type { Desk } from "../desk/desk";
import type { Place } from "./people";
import { useTexts } from "./texts";
import { type NamedPerson, usePeople } from "./use-people";

/** More are told as a number. */
const SHOWN_COUNT = 3;

export interface WhoIsLookingProps {
  desk: Desk;
  place: Place;
}

/** The others who have the workspace open now; opens a list of where they are. */
export function WhoIsLooking({ desk, place }: WhoIsLookingProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const people = usePeople(desk, place);
  if (people.length === 0) return null;

  const names = new Intl.ListFormat(locale).format(people.map(({ name }) => name));
  const looking = t("presence.looking", { names, count: people.length });
  const shown = people.slice(0, SHOWN_COUNT);
  return (
    <Popover
      label={t("presence.title")}
      align="end"
      className="w-64 p-3"
      trigger={
        <button
          type="button"
          aria-label={looking}
          title={looking}
          className="flex h-9 shrink-0 items-center rounded-full px-1 hover:bg-hover"
        >
          {shown.map(({ userId, name, color }) => (
            <span key={userId} className="-ms-1.5 rounded-full ring-2 ring-surface first:ms-0">
              <Avatar size="sm" name={name} color={color} />
            </span>
          ))}
          {people.length > SHOWN_COUNT && (
            <span className="ps-1.5 font-medium text-ink-soft text-xs">
              +{people.length - SHOWN_COUNT}
            </span>
          )}
        </button>
      }
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
