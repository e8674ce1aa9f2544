import { Banner } from "@slotcast/ui";
import { canWriteSettings, type Desk } from "../desk/desk";
import { Page } from "../desk/page";
import { AboutWorkspace } from "./about-workspace";
import { BookingRules } from "./booking-rules";
import { Members } from "./members";
import { OnlineBooking } from "./online-booking";
import { useTexts } from "./texts";

/** How the workspace presents itself, how it is booked, and who is in it. */
export function SettingsPage({ desk }: { desk: Desk }) {
  const t = useTexts();
  const mayWrite = canWriteSettings(desk.role);
  return (
    <Page title={t("settings.workspace.title")} lead={t("settings.workspace.lead")}>
      {!mayWrite && <Banner>{t("settings.readOnly")}</Banner>}
      <OnlineBooking workspace={desk.workspace} mayWrite={mayWrite} />
      <AboutWorkspace workspace={desk.workspace} mayWrite={mayWrite} />
      <BookingRules workspace={desk.workspace} mayWrite={mayWrite} />
      <Members desk={desk} />
    </Page>
  );
}
