/** Around every page: finds the workspace, reads it, and puts the shell around the page. */
import type { Workspace } from "@slotcast/realtime";
import { useSession } from "@slotcast/ui";
import { useRouter } from "@slotcast/ui/router";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { GridSkeleton } from "../features/calendar/skeletons";
import type { WorkspaceChoice } from "../features/shell";
import { Frame } from "./frame";
import { validateDashboardSearch } from "./search";
import { type Memberships, useMemberships } from "./use-memberships";
import { useLiveWorkplace, Warm } from "./use-workplace";
import { WorkplaceContext } from "./workplace";

const CreateDialog = lazy(async () => ({
  default: (await import("../features/shell/create-dialog")).CreateDialog,
}));
const LostWorkspace = lazy(async () => ({
  default: (await import("../features/shell/outside")).LostWorkspace,
}));
const NoWorkspace = lazy(async () => ({
  default: (await import("../features/shell/no-workspace")).NoWorkspace,
}));

export function Root({ children }: { children: ReactNode }) {
  const { user } = useSession();
  return user && <Gate me={user.id}>{children}</Gate>;
}

function Gate({ me, children }: { me: string; children: ReactNode }) {
  const { workspace: slug } = validateDashboardSearch(useRouter().place.search);
  const memberships = useMemberships(me, slug);
  const { current, choices, likely, isLoading, resync } = memberships;
  const [seen, setSeen] = useState<WorkspaceChoice>();
  const [isCreating, setCreating] = useState(false);
  const show = useShowWorkspace();
  // Remembers the name, for when the workspace is taken away.
  if (current && current.id !== seen?.id) setSeen(current);

  function created(workspace: Workspace) {
    setCreating(false);
    void resync().then(() => show(workspace));
  }
  if (isLoading) {
    return (
      <>
        {likely && <Warm workspaceId={likely.id} zone={likely.zone} />}
        <GridSkeleton />
      </>
    );
  }
  if (!current && (seen || slug)) {
    return (
      <Suspense>
        <LostWorkspace
          name={seen?.name ?? slug ?? ""}
          wasShown={seen !== undefined}
          others={choices}
          onWorkspace={show}
        />
      </Suspense>
    );
  }
  if (!current) {
    return (
      <Suspense>
        <NoWorkspace onCreated={created} />
      </Suspense>
    );
  }
  return (
    <>
      <Inside key={current.id} memberships={memberships} onNew={() => setCreating(true)} me={me}>
        {children}
      </Inside>
      {isCreating && (
        <Suspense>
          <CreateDialog onCreated={created} onClose={() => setCreating(false)} />
        </Suspense>
      )}
    </>
  );
}

interface InsideProps {
  memberships: Memberships;
  onNew: () => void;
  me: string;
  children: ReactNode;
}

function Inside({ memberships, onNew, me, children }: InsideProps) {
  const { current, choices } = memberships;
  if (!current) throw new Error("Inside() is for those who have a workspace");
  const workplace = useLiveWorkplace(current.workspace, current.role, me);
  const show = useShowWorkspace();
  if (!workplace) return <GridSkeleton />;
  return (
    <WorkplaceContext value={workplace}>
      <Frame workspaces={choices} current={current} onWorkspace={show} onNewWorkspace={onNew}>
        {children}
      </Frame>
    </WorkplaceContext>
  );
}

function useShowWorkspace(): (workspace: { slug: string }) => void {
  const { navigate } = useRouter();
  return ({ slug }) => navigate({ to: "/", search: { workspace: slug } });
}
