export { WhoIsLooking } from "./who-is-looking";
