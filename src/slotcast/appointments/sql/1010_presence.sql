-- Who is looking: on the private channel workspace:<id> the tabs of a workspace's members tell each other where
-- they are. Nothing else may be sent there.
--
-- Topics are compared as texts: a cast to uuid would raise for every other private channel.

create policy "Workspace members see who is looking"
  on realtime.messages for select to authenticated
  using (
    extension = 'presence'
    and (select realtime.topic()) = any (
      select 'workspace:' || id from unnest(app_private.my_workspaces()) as id
    )
  );

create policy "Workspace members show that they are looking"
  on realtime.messages for insert to authenticated
  with check (
    extension = 'presence'
    and (select realtime.topic()) = any (
      select 'workspace:' || id from unnest(app_private.my_workspaces()) as id
    )
  );
