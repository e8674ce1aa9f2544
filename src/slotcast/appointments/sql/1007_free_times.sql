-- What can be booked when. Customers get what they may book; staff, who are bound by neither notice nor horizon
-- nor closed online booking, get all that is free.

-- Each free time of each member who gives the service, right across clock changes: slots step in real time.
-- member: null for all. ignored: the appointment that is being moved, which does not stand in its own way; for those
-- who may see it, since who knows no more than its id would learn its time.
create function app_private.free_times(
  service uuid, member uuid, from_time timestamptz, to_time timestamptz, ignored uuid
)
returns table (team_member_id uuid, start_time timestamptz, end_time timestamptz)
language sql stable security definer set search_path = '' as $$
  with offer as materialized (
    select t.id as member_id, w.slot_step_minutes,
           make_interval(mins => s.duration_minutes) as duration,
           make_interval(mins => s.buffer_before_minutes) as buffer_before,
           make_interval(mins => s.buffer_after_minutes) as buffer_after,
           case when mine.is_staff then now() else now() + make_interval(mins => w.min_notice_minutes) end as earliest,
           case when mine.is_staff then 'infinity' else now() + make_interval(days => w.max_ahead_days) end as latest
    from public.services s
    join public.workspaces w on w.id = s.workspace_id
    join public.team_member_services o on o.service_id = s.id and (member is null or o.team_member_id = member)
    join public.team_members t on t.id = o.team_member_id and t.bookable
    cross join lateral (
      select w.id = any ((select app_private.my_workspaces('staff'))::uuid[]) as is_staff
    ) mine
    where s.id = service and s.active and (w.online_booking or mine.is_staff)
      and to_time - from_time <= interval '62 days'
  ), moved as materialized (
    select a.id
    from public.appointments a
    where a.id = ignored
      and (a.customer_id = auth.uid()
           or a.workspace_id = any ((select app_private.my_workspaces())::uuid[])
           or auth.role() = 'service_role')
  ), occupied as materialized (
    -- An appointment and its buffers take less than two days.
    select b.team_member_id as member_id, range_agg(tstzrange(b.start_time, b.end_time)) as ranges
    from public.busy_slots b
    where b.team_member_id = any (array(select o.member_id from offer o))
      and tstzrange(b.start_time, b.end_time) && tstzrange(from_time - interval '2 days', to_time + interval '2 days')
      and not exists (select from moved m where m.id = b.source_id)
    group by b.team_member_id
  ), candidates as (
    select begins, begins + offer.duration as ends, offer.*
    -- A date somewhere is at most a day off the date in Greenwich.
    from app_private.open_windows(
      array(select o.member_id from offer o),
      (from_time at time zone 'UTC')::date - 1, (to_time at time zone 'UTC')::date + 1
    ) opening
    join offer on offer.member_id = opening.team_member_id
    cross join lateral generate_series(
      opening.opens_at, opening.closes_at - offer.duration, make_interval(mins => offer.slot_step_minutes)
    ) begins
  )
  select c.member_id, c.begins, c.ends
  from candidates c
  left join occupied on occupied.member_id = c.member_id
  where c.begins >= from_time and c.begins < to_time and c.begins between c.earliest and c.latest
    and not coalesce(occupied.ranges && tstzrange(c.begins - c.buffer_before, c.ends + c.buffer_after), false)
$$;

-- The free times of a member, or of anyone (null), and who is free then. At most 62 days.
create function public.available_slots(
  p_service uuid, p_member uuid, p_from timestamptz, p_to timestamptz, p_ignore uuid default null
)
returns table (start_time timestamptz, end_time timestamptz, team_member_ids uuid[])
language sql stable security definer set search_path = '' as $$
  select f.start_time, f.end_time, array_agg(f.team_member_id order by t.sort_order, t.id)
  from app_private.free_times(p_service, p_member, p_from, p_to, p_ignore) f
  join public.team_members t on t.id = f.team_member_id
  group by f.start_time, f.end_time
  order by f.start_time
$$;

-- For each day of a range, at most 62, how many times are free and whether anybody works at all. Days are those of
-- the member's time zone; for anyone, of the workspace's.
create function public.available_days(
  p_service uuid, p_member uuid, p_from date, p_to date, p_ignore uuid default null
)
returns table (day date, slot_count integer, is_open boolean)
language sql stable security definer set search_path = '' as $$
  with place as (
    select coalesce(t.time_zone, w.time_zone) as zone,
           case when isfinite(p_from) and isfinite(p_to) then least(p_to, p_from + 61) end as last_day
    from public.services s
    join public.workspaces w on w.id = s.workspace_id
    left join public.team_members t on t.id = p_member and t.workspace_id = w.id
    where s.id = p_service
      and (w.online_booking or w.id = any ((select app_private.my_workspaces('staff'))::uuid[]))
  ), free as (
    select (f.start_time at time zone place.zone)::date as day, count(distinct f.start_time)::integer as slot_count
    from place
    cross join lateral app_private.free_times(
      p_service, p_member,
      p_from::timestamp at time zone place.zone, (place.last_day + 1)::timestamp at time zone place.zone, p_ignore
    ) f
    group by 1
  ), open as (
    select distinct opening.day
    from place
    cross join lateral app_private.open_windows(
      array(
        select t.id
        from public.team_member_services o
        join public.team_members t on t.id = o.team_member_id and t.bookable
        where o.service_id = p_service and (p_member is null or o.team_member_id = p_member)
      ),
      p_from, place.last_day
    ) opening
    where opening.closes_at > opening.opens_at
  )
  select g::date, coalesce(free.slot_count, 0), free.day is not null or open.day is not null
  from place
  cross join lateral generate_series(p_from::timestamp, place.last_day::timestamp, interval '1 day') g
  left join free on free.day = g::date
  left join open on open.day = g::date
  order by 1
$$;

-- The free times nearest to one that is not to be had, in a week before it and two after.
create function public.nearest_slots(
  p_service uuid, p_member uuid, p_around timestamptz, p_limit integer default 3, p_ignore uuid default null
)
returns table (start_time timestamptz, end_time timestamptz, team_member_ids uuid[])
language sql stable security definer set search_path = '' as $$
  select s.start_time, s.end_time, s.team_member_ids
  from public.available_slots(
    p_service, p_member, p_around - interval '7 days', p_around + interval '14 days', p_ignore
  ) s
  order by abs(extract(epoch from s.start_time - p_around)), s.start_time
  limit least(p_limit, 50)
$$;

revoke execute on function app_private.free_times(uuid, uuid, timestamptz, timestamptz, uuid) from public;
-- Default privileges of schema public have opened these to everybody.
revoke execute on function
  public.available_slots(uuid, uuid, timestamptz, timestamptz, uuid),
  public.available_days(uuid, uuid, date, date, uuid),
  public.nearest_slots(uuid, uuid, timestamptz, integer, uuid)
  from public;
grant execute on function
  public.available_slots(uuid, uuid, timestamptz, timestamptz, uuid),
  public.available_days(uuid, uuid, date, date, uuid),
  public.nearest_slots(uuid, uuid, timestamptz, integer, uuid)
  to anon, authenticated, service_role;
