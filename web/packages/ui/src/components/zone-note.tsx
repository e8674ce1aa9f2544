import { Globe } from "lucide-react";
import { cn } from "../cn";
import { useLanguage } from "../i18n";
import { useTexts } from "../texts";
import { formatDuration, minutesAhead, readerZone } from "../zones";

export interface ZoneNoteProps {
  /** The zone that times are shown in. */
  zone: string;
  /** The instant at hand: zones change their clocks on different days. */
  at: string;
  /** The reader's zone; that of the device when left out. */
  reader?: string;
  className?: string;
}

/** "Europe/Paris · your time is 1 hr earlier": names the zone always, and the difference when there is one. */
export function ZoneNote({ zone, at, reader = readerZone(), className }: ZoneNoteProps) {
  const words = useZoneWords(zone, at, reader);
  return (
    <p
      data-zone={zone}
      className={cn("flex items-center gap-1.5 text-ink-faint text-sm", className)}
    >
      <Globe aria-hidden className="size-4 shrink-0" strokeWidth={1.75} />
      {words}
    </p>
  );
}

/** The words of {@link ZoneNote}. */
export function useZoneWords(zone: string, at: string, reader = readerZone()): string {
  const t = useTexts();
  const { locale } = useLanguage();
  const minutes = minutesAhead(reader, zone, at);
  const difference = formatDuration(Math.abs(minutes), locale);
  const name = zone.replaceAll("_", " ");
  if (minutes === 0) return t("zone.same", { zone: name });
  return t(minutes > 0 ? "zone.ahead" : "zone.behind", { zone: name, difference });
}
