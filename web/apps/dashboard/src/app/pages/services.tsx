import { ServicesPage } from "../../features/settings";
import { useWorkplace } from "../workplace";

export function ServicesRoute() {
  const { desk } = useWorkplace();
  return <ServicesPage desk={desk} />;
}
