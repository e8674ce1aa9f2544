export { ServicesPage } from "./services-page";
export { SettingsPage } from "./settings-page";
export { TeamPage } from "./team-page";
