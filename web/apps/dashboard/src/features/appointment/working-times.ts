/** When a member works around a time that is being chosen. */
import type { Desk } from "../desk/desk";
import { isOpen, type OpeningData, openStretches, timeOffOf } from "../desk/opening";

const DAY_MS = 86_400_000;
/** As far as free times are sought around a taken one. */
const AROUND_MS = 2 * DAY_MS;

/** Tells of stretches within two days of a time whether a member works all of them; of nobody, everybody does. */
export function worksAround(
  desk: Desk,
  opening: OpeningData,
  memberId: string | null,
  aroundMs: number,
): (fromMs: number, toMs: number) => boolean {
  const member = desk.members.find(({ id }) => id === memberId);
  if (!member) return () => true;
  const open = openStretches(
    opening,
    member.id,
    member.time_zone ?? desk.workspace.time_zone,
    dayAt(aroundMs - AROUND_MS),
    dayAt(aroundMs + AROUND_MS),
  );
  const off = timeOffOf(opening, member.id);
  return (fromMs, toMs) => isOpen({ fromMs, toMs }, open, off);
}

function dayAt(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
