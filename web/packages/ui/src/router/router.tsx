/**
 * Where in an app somebody is, as its address says.
 *
 * The apps have a handful of pages each, so this is all they need of a router: an address in, links and steps out.
 * Which page an address stands for, and what its search may say, is up to each app. Libraries that know that as well
 * weigh as much as a page of ours.
 */
import {
  createContext,
  type ReactNode,
  startTransition,
  useCallback,
  useContext,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { parseSearch, type Search, type SearchValues, stringifySearch } from "./search";

export interface Place {
  /** Below the app's own: "/" or "/customers", without a slash at the end. */
  path: string;
  search: Search;
}

export interface Target {
  /** Path below the app's own; absent: stay on the page. */
  to?: string;
  /** What the address says from then on; absent: nothing. */
  search?: SearchValues | ((before: Search) => SearchValues);
}

export interface Step extends Target {
  /** Takes the place of the present entry in the history, so that going back skips it. */
  replace?: boolean;
  /** Leaves the page scrolled as it is. */
  keepScroll?: boolean;
}

interface RouterState {
  place: Place;
  hrefOf: (target: Target) => string;
  navigate: (step: Step) => void;
}

const RouterContext = createContext<RouterState | null>(null);

export interface RouterProps {
  /** Where the app is served, such as "/dashboard". */
  base: string;
  /** Names of what every link takes along from the present address. */
  keeps?: readonly string[];
  children: ReactNode;
}

const NOTHING: readonly string[] = [];

/** A place, and whether somebody went on to it, which begins at the top, or came back. */
type Shown = Place & { isNew: boolean };

/** Knows the place, and takes everything below to others. */
export function Router({ base, keeps = NOTHING, children }: RouterProps) {
  const [place, setPlace] = useState<Shown>(() => ({ ...placeIn(base), isNew: false }));
  const path = useRef(place.path);

  const show = useCallback((next: Shown) => {
    // Another page may have to be loaded: until then the old one stays. On the same page all follows at once.
    if (next.path === path.current) setPlace(next);
    else startTransition(() => setPlace(next));
    path.current = next.path;
  }, []);

  useEffect(() => {
    // How far the page was scrolled down is remembered by the browser.
    const read = () => show({ ...placeIn(base), isNew: false });
    addEventListener("popstate", read);
    return () => removeEventListener("popstate", read);
  }, [base, show]);

  useLayoutEffect(() => {
    if (place.isNew) scrollTo(0, 0);
  }, [place]);

  const state = useMemo<RouterState>(() => {
    function hrefOf({ to, search = {} }: Target): string {
      const now = placeIn(base);
      const kept = Object.fromEntries(keeps.map((name) => [name, now.search[name]]));
      const next = typeof search === "function" ? search(now.search) : search;
      return base + (to ?? now.path) + stringifySearch({ ...kept, ...next });
    }
    function navigate({ replace = false, keepScroll = false, ...target }: Step): void {
      const address = hrefOf(target);
      const isHere = address === location.pathname + location.search;
      if (replace || isHere) history.replaceState(history.state, "", address);
      else history.pushState(null, "", address);
      show({ ...placeIn(base), isNew: !keepScroll });
    }
    return { place, hrefOf, navigate };
  }, [base, keeps, place, show]);

  return <RouterContext value={state}>{children}</RouterContext>;
}

export function useRouter(): RouterState {
  const state = useContext(RouterContext);
  if (!state) throw new Error("useRouter() needs a Router around it");
  return state;
}

function placeIn(base: string): Place {
  const path = location.pathname.slice(base.length).replace(/\/+$/, "");
  return { path: path || "/", search: parseSearch(location.search) };
}
