import { LoaderCircle, WifiOff } from "lucide-react";
import { useEffect, useState } from "react";
import { cn } from "../cn";
import { useLanguage } from "../i18n";
import { useTexts } from "../texts";
import { formatTime, readerZone } from "../zones";
import { Button } from "./button";

export type ConnectionState = "connecting" | "live" | "reconnecting" | "offline" | "signed-out";

export interface ConnectionProps {
  state: ConnectionState;
  /** When all was up to date last: an instant, milliseconds, or null when it never was. */
  lastSyncedAt?: string | number | Date | null;
  /** Tries again at once. */
  onRetry?: () => void;
  className?: string;
}

const BANNER_AFTER_MS = 3_000;
const DOT_AFTER_MS = 2_000;

/** A strip that says what is shown while changes do not arrive; nothing for the first three seconds. */
export function ConnectionBanner({ state, lastSyncedAt, onRetry, className }: ConnectionProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const troubled = state === "reconnecting" || state === "offline";
  const shown = useSettled(troubled, state === "offline" ? 0 : BANNER_AFTER_MS);
  const time = lastSyncedAt ? formatTime(asInstant(lastSyncedAt), readerZone(), locale) : null;
  const Icon = state === "offline" ? WifiOff : LoaderCircle;
  const name = state === "offline" ? "offline" : "reconnecting";
  return (
    <div role="status" data-connection={state}>
      {shown && troubled && (
        <div
          className={cn(
            "flex min-h-11 animate-fade items-center justify-center gap-2.5 px-4 py-1 text-md",
            state === "offline" ? "bg-danger-soft text-danger" : "bg-pending-soft text-pending",
            className,
          )}
        >
          <Icon
            aria-hidden
            className={cn("size-4 shrink-0", state === "reconnecting" && "animate-spin")}
            strokeWidth={1.75}
          />
          <span>{time ? t(`connection.${name}Since`, { time }) : t(`connection.${name}`)}</span>
          {onRetry && (
            <Button size="sm" variant="quiet" className="text-current" onClick={onRetry}>
              {t("connection.retry")}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

const DOTS: Record<ConnectionState, string> = {
  connecting: "bg-ink-faint",
  live: "bg-confirmed",
  reconnecting: "bg-pending",
  offline: "bg-danger",
  "signed-out": "bg-ink-faint",
};

/** A dot and a word for the header. */
export function ConnectionDot({ state, className }: Pick<ConnectionProps, "state" | "className">) {
  const t = useTexts();
  const quiet = !useSettled(state === "connecting", DOT_AFTER_MS) && state === "connecting";
  const key = state === "signed-out" ? "signedOut" : state;
  return (
    <span
      data-connection={state}
      className={cn(
        "inline-flex items-center gap-1.5 text-ink-soft text-sm transition-opacity",
        quiet && "opacity-0",
        className,
      )}
    >
      <span aria-hidden className={cn("size-2 rounded-full", DOTS[state])} />
      {t(`connection.${key}`)}
    </span>
  );
}

/** Whether *condition* has held for *milliseconds*. */
function useSettled(condition: boolean, milliseconds: number): boolean {
  const [settled, setSettled] = useState(false);
  useEffect(() => {
    if (!condition) return;
    const timer = setTimeout(() => setSettled(true), milliseconds);
    return () => {
      clearTimeout(timer);
      setSettled(false);
    };
  }, [condition, milliseconds]);
  return condition && settled;
}

function asInstant(moment: string | number | Date): string {
  return new Date(moment).toISOString();
}
