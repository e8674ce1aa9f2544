import { Button, cn, formatFull, formatRelative, useLanguage } from "@slotcast/ui";
import {
  CalendarPlus,
  CalendarX2,
  CircleDot,
  type LucideIcon,
  MoveRight,
  Pencil,
} from "lucide-react";
import { type Change, type ChangeKind, kindOf } from "./change";
import { useTexts } from "./texts";
import type { Words } from "./use-words";

const LOOKS: Record<ChangeKind, { icon: LucideIcon; look: string }> = {
  booked: { icon: CalendarPlus, look: "bg-confirmed-soft text-confirmed" },
  moved: { icon: MoveRight, look: "bg-accent-soft text-accent-text" },
  cancelled: { icon: CalendarX2, look: "bg-danger-soft text-danger" },
  status: { icon: CircleDot, look: "bg-completed-soft text-completed" },
  edited: { icon: Pencil, look: "bg-completed-soft text-completed" },
};

export interface ChangeItemProps {
  change: Change;
  words: Words;
  zone: string;
  nowMs: number;
  isNew: boolean;
  onShow: (appointmentId: string, start: string | null) => void;
  /** Absent where nothing can be taken back. */
  onUndo?: ((change: Change) => void) | undefined;
}

/** One change: what happened, who did it and when. */
export function ChangeItem(props: ChangeItemProps) {
  const { change, words, zone, nowMs, isNew, onShow, onUndo } = props;
  const t = useTexts();
  const { locale } = useLanguage();
  const { icon: Icon, look } = LOOKS[kindOf(change)];
  const what = words.what(change);
  // The clock that is read each minute may be behind the change.
  const relative = formatRelative(change.at, Math.max(nowMs, Date.parse(change.at)), locale);
  return (
    <div className={cn("flex gap-2.5 px-3 py-2", isNew && "motion-safe:animate-fade")}>
      <span
        aria-hidden
        className={cn(
          "mt-0.5 inline-flex size-6 shrink-0 items-center justify-center rounded-full",
          look,
        )}
      >
        <Icon className="size-3.5" strokeWidth={2} />
      </span>
      <div className="min-w-0 flex-1">
        {change.action === "deleted" ? (
          <p className="text-ink text-sm">{what}</p>
        ) : (
          <button
            type="button"
            className="w-full rounded-sm text-start text-ink text-sm hover:underline"
            onClick={() => onShow(change.appointment_id, change.start_time)}
          >
            {what}
          </button>
        )}
        <p className="flex flex-wrap items-center gap-x-1.5 text-ink-faint text-xs">
          <span>{words.who(change)}</span>
          <span aria-hidden>·</span>
          <time dateTime={change.at} title={formatFull(change.at, zone, locale)}>
            {relative}
          </time>
          {onUndo && (
            <Button
              size="sm"
              variant="quiet"
              className="ms-auto h-6 px-1.5 text-accent-text text-xs"
              aria-label={t("changes.undoOf", { what })}
              onClick={() => onUndo(change)}
            >
              {t("changes.undo")}
            </Button>
          )}
        </p>
      </div>
    </div>
  );
}
