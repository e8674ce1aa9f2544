export { TodaysFigures } from "./todays-figures";
