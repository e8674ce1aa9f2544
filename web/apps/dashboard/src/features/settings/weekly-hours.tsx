import { type TeamMember, useLiveTable, useSupabase, type WorkingHours } from "@slotcast/realtime";
import {
  addDays,
  Banner,
  Button,
  formatDay,
  IconButton,
  Input,
  Skeleton,
  toast,
  useDraft,
  useLanguage,
} from "@slotcast/ui";
import { Copy, Plus, X } from "lucide-react";
import { useMemo } from "react";
import type { Desk } from "../desk/desk";
import { Card } from "../desk/page";
import { Problem } from "./form-parts";
import { useTexts } from "./texts";
import { useSaving } from "./use-saving";
import {
  copyToWorkdays,
  inOrder,
  isSameWeek,
  type Mistake,
  mistakesIn,
  nextStretch,
  type Stretch,
  stretchesOf,
  WEEKDAYS,
} from "./week";

export interface WeeklyHoursProps {
  desk: Desk;
  member: TeamMember;
  mayWrite: boolean;
}

/** When somebody is there in an ordinary week. */
export function WeeklyHours({ desk, member, mayWrite }: WeeklyHoursProps) {
  const t = useTexts();
  const { rows, isLoading } = useLiveTable<WorkingHours>({
    table: "working_hours",
    filter: `workspace_id=eq.${desk.workspace.id}`,
  });
  const live = useMemo(() => stretchesOf(rows, member.id), [rows, member.id]);
  const [draft, setDraft] = useDraft<{ from: Stretch[]; to: Stretch[] } | null>(
    `hours of ${member.id}`,
    () => null,
  );
  const client = useSupabase();
  const { save, isBusy, problem } = useSaving();
  const shown = draft?.to ?? live;
  const mistakes = mistakesIn(shown);
  // What was saved here comes back before the answer does.
  const isTheirs =
    draft !== null && !isSameWeek(draft.from, live) && !isSameWeek(inOrder(draft.to), live);

  function change(to: Stretch[]) {
    setDraft({ from: draft?.from ?? live, to });
  }

  async function saveWeek() {
    if (!draft || mistakes.size > 0) return;
    const hours = draft.to.map(({ weekday, opens, closes }) => ({ weekday, opens, closes }));
    const write = () => client.rpc("save_working_hours", { p_member: member.id, p_hours: hours });
    if (!(await save(write))) return;
    setDraft(null);
    toast.success(t("settings.saved"));
  }

  const zone = member.time_zone ?? desk.workspace.time_zone;
  return (
    <Card title={t("settings.team.hours")} lead={t("settings.team.hoursLead", { zone })}>
      {isLoading ? (
        <Skeleton className="h-64" />
      ) : (
        <fieldset disabled={!mayWrite} className="flex flex-col gap-3">
          <Problem text={problem} />
          {isTheirs && (
            <Banner
              tone="warning"
              role="status"
              action={
                <Button size="sm" onClick={() => setDraft(null)}>
                  {t("settings.team.takeTheirs")}
                </Button>
              }
            >
              {t("settings.team.hoursTheirs")}
            </Banner>
          )}
          <ul className="divide-y divide-line">
            {WEEKDAYS.map((weekday) => (
              <Day
                key={weekday}
                weekday={weekday}
                week={shown}
                mistakes={mistakes}
                mayWrite={mayWrite}
                onChange={change}
              />
            ))}
          </ul>
          {mayWrite && draft && (
            <div className="flex justify-end gap-2">
              <Button onClick={() => setDraft(null)}>{t("settings.cancel")}</Button>
              <Button
                variant="primary"
                busy={isBusy}
                disabled={mistakes.size > 0}
                onClick={() => void saveWeek()}
              >
                {t("settings.save")}
              </Button>
            </div>
          )}
        </fieldset>
      )}
    </Card>
  );
}

interface DayProps {
  weekday: number;
  week: readonly Stretch[];
  mistakes: ReadonlyMap<string, Mistake>;
  mayWrite: boolean;
  onChange: (week: Stretch[]) => void;
}

function Day({ weekday, week, mistakes, mayWrite, onChange }: DayProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const day = weekdayName(weekday, locale);
  const stretches = week.filter((stretch) => stretch.weekday === weekday);
  const next = nextStretch(week, weekday, crypto.randomUUID());
  const replace = (changed: Stretch) =>
    onChange(week.map((stretch) => (stretch.id === changed.id ? changed : stretch)));

  return (
    <li className="grid grid-cols-[1fr_auto] items-start gap-x-2 py-2 sm:grid-cols-[8rem_1fr_auto]">
      <span className="flex min-h-9 items-center font-medium text-md capitalize">{day}</span>
      <div className="flex flex-col gap-2 max-sm:col-span-2 max-sm:row-start-2">
        {stretches.length === 0 && (
          <span className="flex min-h-9 items-center text-ink-faint text-md">
            {t("settings.team.closed")}
          </span>
        )}
        {stretches.map((stretch) => (
          <StretchRow
            key={stretch.id}
            day={day}
            stretch={stretch}
            mistake={mistakes.get(stretch.id)}
            onChange={replace}
            onRemove={
              mayWrite ? () => onChange(week.filter(({ id }) => id !== stretch.id)) : undefined
            }
          />
        ))}
      </div>
      {mayWrite && (
        <span className="flex">
          {stretches.length > 0 && weekday <= 5 && (
            <IconButton
              icon={Copy}
              label={t("settings.team.copy", { day })}
              onClick={() => onChange(copyToWorkdays(week, weekday, () => crypto.randomUUID()))}
            />
          )}
          {next && (
            <IconButton
              icon={Plus}
              label={t("settings.team.addStretch", { day })}
              onClick={() => onChange(inOrder([...week, next]))}
            />
          )}
        </span>
      )}
    </li>
  );
}

interface StretchRowProps {
  day: string;
  stretch: Stretch;
  mistake: Mistake | undefined;
  onChange: (stretch: Stretch) => void;
  onRemove: (() => void) | undefined;
}

function StretchRow({ day, stretch, mistake, onChange, onRemove }: StretchRowProps) {
  const t = useTexts();
  const { opens, closes } = stretch;
  return (
    <div>
      <div className="flex items-center gap-2">
        <Input
          type="time"
          className="w-auto min-w-0 max-sm:flex-1 max-sm:px-2"
          aria-label={t("settings.team.opens", { day })}
          aria-invalid={mistake !== undefined}
          value={opens}
          onChange={(event) => onChange({ ...stretch, opens: event.target.value })}
        />
        <span className="text-ink-faint text-sm">{t("settings.team.to")}</span>
        <Input
          type="time"
          className="w-auto min-w-0 max-sm:flex-1 max-sm:px-2"
          aria-label={t("settings.team.closes", { day })}
          aria-invalid={mistake !== undefined}
          value={closes}
          onChange={(event) => onChange({ ...stretch, closes: event.target.value })}
        />
        {onRemove && (
          <IconButton
            icon={X}
            label={t("settings.team.removeStretch", { opens, closes, day })}
            onClick={onRemove}
          />
        )}
      </div>
      {mistake && (
        <p role="alert" className="mt-1 text-danger text-sm">
          {t(mistake === "overlaps" ? "settings.team.overlaps" : "settings.team.endsEarly")}
        </p>
      )}
    </div>
  );
}

/** A Monday. */
const MONDAY = "2026-11-23";

function weekdayName(weekday: number, locale: string): string {
  return formatDay(addDays(MONDAY, weekday - 1), locale, "weekdayLong");
}
