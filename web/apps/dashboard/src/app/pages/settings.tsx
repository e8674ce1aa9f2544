import { SettingsPage } from "../../features/settings";
import { useWorkplace } from "../workplace";

export function SettingsRoute() {
  const { desk } = useWorkplace();
  return <SettingsPage desk={desk} />;
}
