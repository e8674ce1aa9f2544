-- Privileges are the first door, row level security the second. The default privileges of schema public have
-- opened everything, TRUNCATE included, which asks no policy: close it, then open what is needed.

revoke all on
  public.profiles, public.workspaces, public.workspace_members, public.team_members, public.services,
  public.team_member_services, public.customers, public.working_hours, public.working_hour_exceptions,
  public.time_off, public.appointments, public.appointment_staff_notes, public.appointment_events, public.busy_slots
  from anon, authenticated;
revoke all on sequence public.appointment_events_id_seq from anon, authenticated;

grant select on
  public.workspaces, public.services, public.team_member_services, public.working_hours,
  public.working_hour_exceptions
  to anon, authenticated;
-- Who of the team has which login is nobody's business who has none.
grant select (id, workspace_id, name, title, color, time_zone, bookable, sort_order) on public.team_members to anon;
grant select on public.team_members to authenticated;
grant select (id, workspace_id, team_member_id, start_time, end_time) on public.busy_slots to anon, authenticated;

grant select, insert, update, delete on
  public.profiles, public.workspace_members, public.time_off, public.appointments, public.appointment_staff_notes
  to authenticated;
grant insert, update, delete on
  public.team_members, public.services, public.team_member_services, public.working_hours,
  public.working_hour_exceptions
  to authenticated;
grant update on public.workspaces to authenticated;
grant select on public.appointment_events to authenticated;

-- Only a booking of their own ties a person to a customer record: if staff could set user_id, they could put
-- appointments into a stranger's list after all.
grant select, delete on public.customers to authenticated;
grant insert (id, workspace_id, name, email, phone) on public.customers to authenticated;
grant update (name, email, phone) on public.customers to authenticated;

grant all on
  public.profiles, public.workspaces, public.workspace_members, public.team_members, public.services,
  public.team_member_services, public.customers, public.working_hours, public.working_hour_exceptions,
  public.time_off, public.appointments, public.appointment_staff_notes, public.appointment_events, public.busy_slots
  to service_role;
