/** The frame around every page: bar above, pages at the start, recent changes at the end, the day's figures below. */
import { useConnection } from "@slotcast/realtime";
import {
  ConnectionBanner,
  ConnectionDot,
  cn,
  IconButton,
  isText,
  readStored,
  writeStored,
} from "@slotcast/ui";
import { History, Search } from "lucide-react";
import { createContext, lazy, type ReactNode, Suspense, useContext, useState } from "react";
import { createPortal } from "react-dom";
import "./shell.css";
import { Account } from "./account-button";
import { type PageLink, PageLinks } from "./page-links";
import { useTexts } from "./texts";
import { useMedia, WIDE } from "./use-media";
import { type WorkspaceChoice, WorkspaceSwitcher } from "./workspace-switcher";

const ChangesSheet = lazy(async () => ({
  default: (await import("./changes-sheet")).ChangesSheet,
}));

export interface ShellProps {
  workspaces: readonly WorkspaceChoice[];
  current: WorkspaceChoice;
  onWorkspace: (workspace: WorkspaceChoice) => void;
  onNewWorkspace: () => void;
  pages: readonly PageLink[];
  /** Opens the palette of commands. */
  onSearch: () => void;
  /** Who else is here. */
  presence: ReactNode;
  /** Recent changes; shown beside the page where there is room. */
  renderChanges: (onDone: () => void) => ReactNode;
  /** Whether somebody asked for the changes where there is no room beside the page. */
  isChangesOpen: boolean;
  onChangesOpen: (isOpen: boolean) => void;
  /** The day's figures. */
  figures: ReactNode;
  children: ReactNode;
}

const RAIL_STORED_AS = "slotcast.dashboard.rail";
const SIDEBAR_STORED_AS = "slotcast.dashboard.sidebar";

const ToolbarSlot = createContext<HTMLElement | null>(null);

/** Shows a page's tools in the bar above. */
export function PageToolbar({ children }: { children: ReactNode }) {
  const slot = useContext(ToolbarSlot);
  return slot && createPortal(children, slot);
}

export function Shell(props: ShellProps) {
  const t = useTexts();
  const isWide = useMedia(WIDE);
  const [slot, setSlot] = useState<HTMLElement | null>(null);
  const [hasRail, setHasRail] = useStoredChoice(RAIL_STORED_AS);
  const [isSidebarOpen, setSidebarOpen] = useStoredChoice(SIDEBAR_STORED_AS);
  const { state, lastSyncedAt, retry } = useConnection();
  const showsRail = isWide && hasRail;

  function toggleChanges() {
    if (isWide) setHasRail(!hasRail);
    else props.onChangesOpen(!props.isChangesOpen);
  }

  return (
    <div className="flex h-dvh flex-col overflow-hidden text-sm">
      <a
        href="#page"
        className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:m-2 focus:rounded-control focus:bg-raised focus:p-2"
      >
        {t("shell.skip")}
      </a>
      <TopBar
        {...props}
        slotRef={setSlot}
        isChangesShown={isWide ? hasRail : props.isChangesOpen}
        onChanges={toggleChanges}
      />
      <ConnectionBanner state={state} lastSyncedAt={lastSyncedAt} onRetry={retry} />
      <div className="flex min-h-0 flex-1">
        <PageLinks pages={props.pages} isOpen={isSidebarOpen} onToggle={setSidebarOpen} />
        <ToolbarSlot value={slot}>
          <main id="page" tabIndex={-1} className="flex min-w-0 flex-1 flex-col outline-none">
            {props.children}
          </main>
        </ToolbarSlot>
        {showsRail && (
          <aside
            aria-label={t("shell.changes")}
            className="flex w-80 shrink-0 flex-col border-line border-s bg-ground"
          >
            {props.renderChanges(() => undefined)}
          </aside>
        )}
      </div>
      <section
        aria-label={t("shell.today")}
        className="min-h-[2.375rem] shrink-0 border-line border-t bg-surface max-sm:hidden"
      >
        {props.figures}
      </section>
      <PageLinks pages={props.pages} isBar />
      {!isWide && props.isChangesOpen && (
        <Suspense>
          <ChangesSheet onClose={() => props.onChangesOpen(false)}>
            {props.renderChanges(() => props.onChangesOpen(false))}
          </ChangesSheet>
        </Suspense>
      )}
    </div>
  );
}

interface TopBarProps extends ShellProps {
  slotRef: (slot: HTMLElement | null) => void;
  isChangesShown: boolean;
  onChanges: () => void;
}

function TopBar(props: TopBarProps) {
  const t = useTexts();
  const { state } = useConnection();
  return (
    <header className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-1.5 border-line border-b bg-surface px-3 py-2">
      <WorkspaceSwitcher {...props} />
      <div
        ref={props.slotRef}
        className="flex min-w-0 flex-1 max-xl:order-last max-xl:basis-full empty:max-xl:hidden"
      />
      <div className="ms-auto flex shrink-0 items-center gap-1">
        <ConnectionDot state={state} className="me-1" />
        {props.presence}
        <IconButton icon={Search} label={t("shell.searchHint")} onClick={props.onSearch} />
        <IconButton
          icon={History}
          label={props.isChangesShown ? t("shell.hideChanges") : t("shell.showChanges")}
          aria-pressed={props.isChangesShown}
          className={cn(props.isChangesShown && "text-accent-text")}
          onClick={props.onChanges}
        />
        <Account current={props.current} />
      </div>
    </header>
  );
}

/** A choice that is remembered on this device; yes at first. */
function useStoredChoice(key: string): [boolean, (choice: boolean) => void] {
  const [choice, setChoice] = useState(() => readStored(key, isText) !== "no");
  return [
    choice,
    (next) => {
      writeStored(key, next ? "yes" : "no");
      setChoice(next);
    },
  ];
}
