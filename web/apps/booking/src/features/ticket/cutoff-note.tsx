import type { Appointment } from "@slotcast/realtime";
import { useLanguage, useNow } from "@slotcast/ui";
import { Clock } from "lucide-react";
import { useTexts } from "../../texts";
import { cutoffOf, cutoffWords } from "./cutoff";
import type { PlaceShop } from "./place";

/** Until when an appointment can still be changed; undefined when it is closed anyway. */
export function useCutoff(appointment: Appointment, shop: PlaceShop | undefined) {
  const now = useNow();
  const isOpen = appointment.status === "pending" || appointment.status === "confirmed";
  if (!shop || !isOpen || Date.parse(appointment.start_time) < now) return undefined;
  return cutoffOf(appointment.start_time, shop.change_cutoff_minutes, now);
}

/** Says it in words. */
export function CutoffNote({ appointment, shop }: { appointment: Appointment; shop: PlaceShop }) {
  const t = useTexts();
  const { locale } = useLanguage();
  const cutoff = useCutoff(appointment, shop);
  if (!cutoff) return null;
  const { key, values } = cutoffWords(cutoff, shop, locale);
  return (
    <p className="flex items-start gap-1.5 text-ink-faint text-sm">
      <Clock aria-hidden className="mt-0.5 size-4 shrink-0" strokeWidth={1.75} />
      {t(`cutoff.${key}`, { ...values })}
    </p>
  );
}
