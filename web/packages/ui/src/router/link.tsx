import type { ComponentProps, MouseEvent } from "react";
import { type Target, useRouter } from "./router";

export interface LinkProps extends Omit<ComponentProps<"a">, "href">, Target {
  [data: `data-${string}`]: string;
}

/**
 * A link within the app; one to the page that is shown says so. With a key held down the browser follows it, as it does
 * with `target` and `download`.
 */
export function Link({ to, search, onClick, ...props }: LinkProps) {
  const { place, hrefOf, navigate } = useRouter();
  const target = { ...(to === undefined ? {} : { to }), ...(search ? { search } : {}) };
  const isElsewhere = (props.target ?? "_self") !== "_self" || props.download !== undefined;
  const isCurrent = search === undefined && isWithin(place.path, to);

  function follow(event: MouseEvent<HTMLAnchorElement>) {
    onClick?.(event);
    const { button, metaKey, ctrlKey, shiftKey, altKey } = event;
    const isForBrowser = isElsewhere || button !== 0 || metaKey || ctrlKey || shiftKey || altKey;
    if (event.defaultPrevented || isForBrowser) return;
    event.preventDefault();
    navigate(target);
  }

  return (
    <a
      {...(isCurrent ? { "aria-current": "page" } : {})}
      {...props}
      href={hrefOf(target)}
      onClick={follow}
    />
  );
}

/** Whether *path* is the page *to*, or one below it; everything is below the first one, so that does not count. */
function isWithin(path: string, to: string | undefined): boolean {
  return path === to || (to !== undefined && to !== "/" && path.startsWith(`${to}/`));
}
