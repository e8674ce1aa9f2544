-- Who may see and write which rows.
--
-- (select f()) makes PostgreSQL evaluate f once a statement instead of once a row, and = any (array) lets it
-- use an index for it, also under the OR that joins two policies.

do $$
declare
  relation text;
begin
  foreach relation in array array[
    'profiles', 'workspaces', 'workspace_members', 'team_members', 'services', 'team_member_services', 'customers',
    'working_hours', 'working_hour_exceptions', 'time_off', 'appointments', 'appointment_staff_notes',
    'appointment_events', 'busy_slots'
  ] loop
    execute format('alter table public.%I enable row level security', relation);
  end loop;
end $$;

-- Appointments

create policy "Customers can view their own appointments"
  on public.appointments for select to authenticated
  using (customer_id = (select auth.uid()));

create policy "Workspace members can view their workspace appointments"
  on public.appointments for select to authenticated
  using (workspace_id = any ((select app_private.my_workspaces())::uuid[]));

create policy "Customers can create their own appointments"
  on public.appointments for insert to authenticated
  with check (customer_id = (select auth.uid()));

create policy "Workspace members can create appointments for their workspace"
  on public.appointments for insert to authenticated
  with check (workspace_id = any ((select app_private.my_workspaces('staff'))::uuid[]));

create policy "Customers can update their own appointments"
  on public.appointments for update to authenticated
  using (customer_id = (select auth.uid()))
  with check (customer_id = (select auth.uid()));

create policy "Workspace members can update appointments for their workspace"
  on public.appointments for update to authenticated
  using (workspace_id = any ((select app_private.my_workspaces('staff'))::uuid[]))
  with check (workspace_id = any ((select app_private.my_workspaces('staff'))::uuid[]));

create policy "Customers can delete their own appointments"
  on public.appointments for delete to authenticated
  using (customer_id = (select auth.uid()));

create policy "Workspace members can delete appointments for their workspace"
  on public.appointments for delete to authenticated
  using (workspace_id = any ((select app_private.my_workspaces('staff'))::uuid[]));

create policy "staff read history"
  on public.appointment_events for select to authenticated
  using (workspace_id = any ((select app_private.my_workspaces())::uuid[]));

-- People

create policy "own profile"
  on public.profiles for all to authenticated
  using (id = (select auth.uid()))
  with check (id = (select auth.uid()));

-- The policies of workspace_members narrow the subquery to the caller's workspaces.
create policy "profiles of co-members"
  on public.profiles for select to authenticated
  using (exists (select from public.workspace_members m where m.user_id = profiles.id));

create policy "members see co-members"
  on public.workspace_members for select to authenticated
  using (workspace_id = any ((select app_private.my_workspaces())::uuid[]));

-- Whoever is removed is told so by this: the membership that went was theirs.
create policy "own memberships"
  on public.workspace_members for select to authenticated
  using (user_id = (select auth.uid()));

create policy "admins add"
  on public.workspace_members for insert to authenticated
  with check (workspace_id = any ((select app_private.my_workspaces('admin'))::uuid[]));

create policy "admins change"
  on public.workspace_members for update to authenticated
  using (workspace_id = any ((select app_private.my_workspaces('admin'))::uuid[]));

create policy "admins remove, anyone leaves"
  on public.workspace_members for delete to authenticated
  using (user_id = (select auth.uid()) or workspace_id = any ((select app_private.my_workspaces('admin'))::uuid[]));

-- Workspaces: public while they take bookings online; their members and customers see them always.

create policy "public page"
  on public.workspaces for select to anon, authenticated
  using (online_booking);

create policy "members see theirs"
  on public.workspaces for select to authenticated
  using (id = any ((select app_private.my_workspaces())::uuid[]));

create policy "customers see theirs"
  on public.workspaces for select to authenticated
  using (id = any ((select app_private.visited_workspaces())::uuid[]));

create policy "admins edit"
  on public.workspaces for update to authenticated
  using (id = any ((select app_private.my_workspaces('admin'))::uuid[]))
  with check (id = any ((select app_private.my_workspaces('admin'))::uuid[]));

-- What stands on a workspace's page is as visible as the workspace: its policies narrow the subquery.
do $$
declare
  relation text;
begin
  foreach relation in array array[
    'team_members', 'services', 'team_member_services', 'working_hours', 'working_hour_exceptions'
  ] loop
    execute format($policy$
      create policy "as visible as the workspace" on public.%I for select to anon, authenticated
        using (workspace_id in (select w.id from public.workspaces w))
      $policy$, relation);
    execute format($policy$
      create policy "admins write" on public.%I for all to authenticated
        using (workspace_id = any ((select app_private.my_workspaces('admin'))::uuid[]))
        with check (workspace_id = any ((select app_private.my_workspaces('admin'))::uuid[]))
      $policy$, relation);
  end loop;
  foreach relation in array array['customers', 'appointment_staff_notes', 'time_off'] loop
    execute format($policy$
      create policy "staff only" on public.%I for all to authenticated
        using (workspace_id = any ((select app_private.my_workspaces('staff'))::uuid[]))
        with check (workspace_id = any ((select app_private.my_workspaces('staff'))::uuid[]))
      $policy$, relation);
  end loop;
end $$;

-- When somebody is taken is public only where the public may book.
create policy "busy is public where booking is"
  on public.busy_slots for select to anon, authenticated
  using (workspace_id in (select w.id from public.workspaces w where w.online_booking));

create policy "members see when they are busy"
  on public.busy_slots for select to authenticated
  using (workspace_id = any ((select app_private.my_workspaces())::uuid[]));
