import { type Appointment, isMine, useCustomerAppointments } from "@slotcast/realtime";
import { formatDayTime, toast, useLanguage, useSession } from "@slotcast/ui";
import { useTexts } from "../../texts";
import { type Place, usePlaces } from "../ticket/place";
import { type News, newsOf } from "./news";

const STAYS = Number.POSITIVE_INFINITY;

export interface CustomerNewsProps {
  onShow: (appointment: Appointment) => void;
}

/** Tells a customer what shops did to their appointments. Mounted once; draws nothing. */
export function CustomerNews({ onShow }: CustomerNewsProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const { user } = useSession();
  const { appointments } = useCustomerAppointments(user?.id, {
    onUpdate(payload) {
      const news = isMine(payload) ? null : newsOf(payload.old, payload.new);
      if (news) tell(news, payload.new, payload.old.start_time);
    },
  });
  const placeOf = usePlaces(appointments);

  function tell(news: News, appointment: Appointment, was: string | undefined) {
    const place = placeOf(appointment);
    const show = news === "confirmed" || news === "reassigned" ? toast.success : toast.warning;
    show(t(`news.${news}`, wordsOf(appointment, place)), {
      // The same appointment again replaces what was said of it.
      id: appointment.id,
      description:
        news === "moved" && was ? t("news.was", { time: timeOf(was, place) }) : place?.shop.name,
      // What is lost or moved must not pass unseen.
      duration: news === "confirmed" ? 8_000 : STAYS,
      action: { label: t("news.show"), onClick: () => onShow(appointment) },
    });
  }

  function wordsOf(appointment: Appointment, place: Place | undefined) {
    return {
      service: place?.service?.name ?? t("ticket.appointment"),
      time: timeOf(appointment.start_time, place),
      name: place?.member?.name ?? "",
      shop: place?.shop.name ?? "",
    };
  }

  function timeOf(instant: string, place: Place | undefined): string {
    return formatDayTime(instant, place?.shop.time_zone ?? "UTC", locale);
  }
  return null;
}
