export { Link, type LinkProps } from "./link";
export { Catch, type CatchProps, lazyPage } from "./pages";
export {
  type Place,
  Router,
  type RouterProps,
  type Step,
  type Target,
  useRouter,
} from "./router";
export { parseSearch, type Search, type SearchValues, stringifySearch } from "./search";
