-- integrity.sql: are the claims what the visits say they should be, and the places in queues what the entries say?

create function clinic.verify(clinic_id uuid default clinic.current_clinic())
  returns table (appointment_id uuid, resource_id uuid, problem text)
  language sql stable parallel safe
begin atomic
  with expected as (
    select a.clinic_id, a.id, r.resource_id,
           case when r.resource_id = a.provider_id then a.seat end as seat,
           a.starts_at - a.buffer_before as starts_at,
           a.ends_at + a.buffer_after as ends_at,
           a.status = 'completed' or (a.status = 'held' and a.hold_expires_at <= pg_catalog.now()) as may_lack
    from clinic.appointment a
    cross join lateral pg_catalog.unnest(a.provider_id || a.resource_ids) as r (resource_id)
    where (verify.clinic_id is null or a.clinic_id = verify.clinic_id)
      and a.status not in ('cancelled', 'no_show')
      and a.mode <> 'walk_in'
  ),
  actual as (
    select c.*
    from clinic.claim c
    where verify.clinic_id is null or c.clinic_id = verify.clinic_id
  ),
  compared as (
    select coalesce(e.id, c.appointment_id) as appointment_id,
           coalesce(e.resource_id, c.resource_id) as resource_id,
           case
             when e.id is null then 'a claim without a visit that takes time'
             when c.appointment_id is null and not e.may_lack then 'no claim'
             when c.appointment_id is null and exists (
               select from clinic.claim o where o.clinic_id = e.clinic_id and o.appointment_id = e.id)
               then 'only some of its claims'
             when c.starts_at <> e.starts_at or c.ends_at <> e.ends_at then 'a claim of another time'
             when c.seat <> e.seat then 'a claim of another seat'
             when c.busy <> pg_catalog.tstzrange(c.starts_at, c.ends_at) then 'a claim whose range is not its time'
           end as problem
    from expected e
    full join actual c
      on c.clinic_id = e.clinic_id and c.appointment_id = e.id and c.resource_id = e.resource_id
  )
  select d.appointment_id, d.resource_id, d.problem
  from compared d
  where d.problem is not null
  union all
  select coalesce(q.appointment_id, p.appointment_id), coalesce(q.queue_id, p.queue_id),
         case
           when q.id is null then 'a place in a queue without an open entry'
           when p.entry_id is null then 'no place in the queue'
           else 'a place in another queue'
         end
  from (select e.* from clinic.queue_entry e
        where (verify.clinic_id is null or e.clinic_id = verify.clinic_id)
          and e.status in ('waiting', 'called', 'skipped', 'in_service')) q
  full join (select o.* from clinic.queue_place o
             where verify.clinic_id is null or o.clinic_id = verify.clinic_id) p
    on p.clinic_id = q.clinic_id and p.appointment_id = q.appointment_id and p.entry_id = q.id
  where (q.day, q.patient_id, q.queue_id) is distinct from (p.day, p.patient_id, p.queue_id)
  order by 1, 2;
end;
comment on function clinic.verify(uuid) is
  'The visits whose claims, or places in queues, are not what they should be: none, ever. Of every clinic when clinic_id is null. A completed visit and an expired hold may be without claims.';
