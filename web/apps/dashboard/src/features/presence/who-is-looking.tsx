import { Avatar, later, useLanguage, useOpener } from "@slotcast/ui";
import type { ComponentProps } from "react";
import type { Desk } from "../desk/desk";
import type { Place } from "./people";
import { useTexts } from "./texts";
import { type NamedPerson, usePeople } from "./use-people";

/** More are told as a number. */
const SHOWN_COUNT = 3;

const list = later(() => import("./people-list"));

export interface WhoIsLookingProps {
  desk: Desk;
  place: Place;
}

/** The others who have the workspace open now; opens a list of where they are. */
export function WhoIsLooking({ desk, place }: WhoIsLookingProps) {
  const { opened, opener } = useOpener(list, "dialog");
  const people = usePeople(desk, place);
  if (people.length === 0) return null;

  if (opened) return <opened.PeopleList people={people} />;
  return <PeopleButton people={people} {...opener} />;
}

/** The button itself: some faces, and how many more there are. */
export function PeopleButton({
  people,
  ...props
}: ComponentProps<"button"> & { people: readonly NamedPerson[] }) {
  const t = useTexts();
  const { locale } = useLanguage();
  const names = new Intl.ListFormat(locale).format(people.map(({ name }) => name));
  const looking = t("presence.looking", { names, count: people.length });
  return (
    <button
      type="button"
      aria-label={looking}
      title={looking}
      className="flex h-9 shrink-0 items-center rounded-full px-1 hover:bg-hover"
      {...props}
    >
      {people.slice(0, SHOWN_COUNT).map(({ userId, name, color }) => (
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
  );
}
