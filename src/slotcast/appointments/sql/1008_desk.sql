-- What the people at the desk look at: today's figures, and who their customers are.

-- SECURITY INVOKER: it counts what the caller may see. The rate is of the last 90 days; null before the first visit.
create function public.day_figures(p_workspace uuid, p_day date default null)
returns table (
  day date, appointment_count integer, next_start timestamptz, to_confirm_count integer, no_show_percent numeric
)
language sql stable set search_path = '' as $$
  with today as (
    select w.id, w.time_zone, coalesce(p_day, (now() at time zone w.time_zone)::date) as day
    from public.workspaces w
    where w.id = p_workspace
  ), bounds as (
    select t.*, t.day::timestamp at time zone t.time_zone as begins, (t.day + 1)::timestamp at time zone t.time_zone as ends
    from today t
  )
  select b.day,
         (select count(*)::integer from public.appointments a
          where a.workspace_id = b.id and a.status <> 'cancelled' and a.start_time >= b.begins and a.start_time < b.ends),
         (select min(a.start_time) from public.appointments a
          where a.workspace_id = b.id and a.status in ('pending', 'confirmed')
            and a.start_time >= greatest(b.begins, now()) and a.start_time < b.ends),
         (select count(*)::integer from public.appointments a
          where a.workspace_id = b.id and a.status = 'pending' and a.start_time >= now()),
         (select round(100.0 * count(*) filter (where a.status = 'no_show') / nullif(count(*), 0), 1)
          from public.appointments a
          where a.workspace_id = b.id and a.status in ('completed', 'no_show')
            and a.start_time >= b.begins - interval '90 days' and a.start_time < b.ends)
  from bounds b
$$;

create index appointments_contact_idx on public.appointments (contact_id, start_time) where contact_id is not null;

-- A customer's record beside what they came for. As the caller: row level security of both tables decides.
create view public.customer_summaries with (security_invoker = true) as
  select c.id, c.workspace_id, c.user_id, c.name, c.email, c.phone, c.created_at,
         visits.visit_count, visits.no_show_count, visits.cancelled_count, visits.last_visit, visits.next_visit
  from public.customers c
  cross join lateral (
    select count(*) filter (where a.status = 'completed')::integer as visit_count,
           count(*) filter (where a.status = 'no_show')::integer as no_show_count,
           count(*) filter (where a.status = 'cancelled')::integer as cancelled_count,
           max(a.start_time) filter (where a.status = 'completed') as last_visit,
           min(a.start_time) filter (where a.status in ('pending', 'confirmed') and a.start_time >= now()) as next_visit
    from public.appointments a
    where a.contact_id = c.id
  ) visits;

revoke all on public.customer_summaries from anon, authenticated;
grant select on public.customer_summaries to authenticated;

revoke execute on function public.day_figures(uuid, date) from public, anon;
grant execute on function public.day_figures(uuid, date) to authenticated, service_role;

-- Bookkeeping that clients need not do, and cannot forge.

create function app_private.touch() returns trigger language plpgsql set search_path = '' as $$
begin
  new.updated_at := now();
  return new;
end $$;

create trigger touch before update on public.workspaces for each row execute function app_private.touch();
create trigger touch before update on public.profiles for each row execute function app_private.touch();

create function app_private.sign_note() returns trigger language plpgsql set search_path = '' as $$
begin
  new.updated_at := now();
  new.updated_by := auth.uid();
  return new;
end $$;

create trigger sign_note before insert or update on public.appointment_staff_notes
  for each row execute function app_private.sign_note();

-- A customer's new name, phone or address reaches the workspaces that have not noted down another.

create function app_private.follow_profile() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  update public.customers c
  set name = case when c.name = old.display_name then new.display_name else c.name end,
      phone = case when c.phone is not distinct from old.phone then new.phone else c.phone end
  where c.user_id = new.id
    and (c.name = old.display_name and c.name <> new.display_name
         or c.phone is not distinct from old.phone and c.phone is distinct from new.phone);
  return null;
end $$;

create trigger follow_profile after update of display_name, phone on public.profiles
  for each row execute function app_private.follow_profile();

create function app_private.follow_email() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  update public.customers c
  set email = new.email
  where c.user_id = new.id and nullif(c.email, '') is not distinct from nullif(old.email, '');
  return null;
end $$;

-- Accounts may be kept elsewhere, and auth.users then be no more than their ids.
do $$
begin
  if exists (
    select from pg_attribute where attrelid = 'auth.users'::regclass and attname = 'email' and not attisdropped
  ) then
    create trigger follow_email after update of email on auth.users
      for each row when (new.email is distinct from old.email) execute function app_private.follow_email();
  end if;
end $$;

revoke execute on function app_private.touch(), app_private.sign_note(), app_private.follow_profile(), app_private.follow_email()
  from public;
