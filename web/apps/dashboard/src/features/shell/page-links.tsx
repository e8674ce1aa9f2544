/** The pages: a sidebar that can be narrow, or a bar at the bottom of phones. */
import { cn, IconButton } from "@slotcast/ui";
import { type LucideIcon, PanelLeftClose, PanelLeftOpen } from "lucide-react";
import type { ReactNode } from "react";
import { useTexts } from "./texts";

export interface PageLink {
  name: "calendar" | "customers" | "services" | "team" | "settings";
  icon: LucideIcon;
  /** The link itself, from the router: it knows addresses and which page is current. */
  render: (look: { className: string; children: ReactNode }) => ReactNode;
}

export interface PageLinksProps {
  pages: readonly PageLink[];
  isBar?: boolean;
  isOpen?: boolean;
  onToggle?: (isOpen: boolean) => void;
}

export function PageLinks({ pages, isBar = false, isOpen = true, onToggle }: PageLinksProps) {
  const t = useTexts();
  if (isBar) {
    return (
      <nav
        aria-label={t("shell.navigation")}
        className="shrink-0 border-line border-t bg-surface pb-[env(safe-area-inset-bottom)] sm:hidden"
      >
        <ul className="grid grid-cols-5">
          {pages.map(({ name, icon: Icon, render }) => (
            <li key={name}>
              {render({
                className:
                  "flex min-h-14 flex-col items-center justify-center gap-0.5 text-ink-soft text-xs aria-[current]:text-accent-text aria-[current]:font-medium",
                children: (
                  <>
                    <Icon aria-hidden className="size-5" strokeWidth={1.75} />
                    <span className="max-w-full truncate px-0.5">
                      {t(name === "team" ? "shell.nav.teamShort" : `shell.nav.${name}`)}
                    </span>
                  </>
                ),
              })}
            </li>
          ))}
        </ul>
      </nav>
    );
  }
  return (
    <nav
      aria-label={t("shell.navigation")}
      className={cn(
        "hidden shrink-0 flex-col border-line border-e bg-ground p-2 sm:flex",
        isOpen ? "w-14 lg:w-52" : "w-14",
      )}
    >
      <ul className="flex flex-1 flex-col gap-0.5">
        {pages.map(({ name, icon: Icon, render }) => (
          <li key={name} title={t(`shell.nav.${name}`)}>
            {render({
              className:
                "flex min-h-9 items-center gap-3 rounded-control px-2.5 text-ink-soft hover:bg-hover hover:text-ink aria-[current]:bg-press aria-[current]:font-medium aria-[current]:text-ink",
              children: (
                <>
                  <Icon aria-hidden className="size-5 shrink-0" strokeWidth={1.75} />
                  <span className={cn("truncate", isOpen ? "max-lg:sr-only" : "sr-only")}>
                    {t(`shell.nav.${name}`)}
                  </span>
                </>
              ),
            })}
          </li>
        ))}
      </ul>
      <IconButton
        icon={isOpen ? PanelLeftClose : PanelLeftOpen}
        label={isOpen ? t("shell.collapse") : t("shell.expand")}
        className="max-lg:hidden rtl:rotate-180"
        onClick={() => onToggle?.(!isOpen)}
      />
    </nav>
  );
}
