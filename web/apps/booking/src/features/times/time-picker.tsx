import { startOfDay, today, ZoneNote } from "@slotcast/ui";
import { DayStrip } from "./day-strip";
import { TimeGrid } from "./time-grid";
import type { TimeChoice } from "./use-time-choice";

export interface TimePickerProps {
  choice: TimeChoice;
  time: string | undefined;
  onDay: (day: string) => void;
  onTime: (time: string) => void;
}

/** A day, then a time. */
export function TimePicker({ choice, time, onDay, onTime }: TimePickerProps) {
  const { zone, day, slots } = choice;
  // Of the times in sight: on which day the clocks change may differ between the zones.
  const instant = slots?.[0]?.start ?? startOfDay(day ?? today(zone), zone);
  return (
    <div className="flex flex-col gap-5">
      <div>
        <DayStrip choice={choice} onDay={onDay} />
        <ZoneNote zone={zone} at={instant} className="mt-2" />
      </div>
      <TimeGrid choice={choice} time={time} onTime={onTime} onDay={onDay} />
    </div>
  );
}
