-- install: what the extension is made of
\set SHOW_CONTEXT never
set client_min_messages = warning;
create extension clinic_sched cascade;
select e.extname, e.extversion = a.default_version as is_default_version
from pg_extension e join pg_available_extensions a on a.name = e.extname
where e.extname in ('clinic_sched', 'btree_gist') order by e.extname collate "C";

create view member_of_extension as
  select d.classid, d.objid, d.objsubid from pg_depend d
  where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
    and d.refobjid = (select oid from pg_extension where extname = 'clinic_sched');
create view tables as
  select c.oid, c.relname from pg_class c where c.relnamespace = 'clinic'::regnamespace and c.relkind in ('r', 'p');

select relname as "table" from tables order by relname collate "C";
select relname as "view" from pg_class where relnamespace = 'clinic'::regnamespace and relkind = 'v' order by relname collate "C";
select p.oid::regprocedure::text as function from pg_proc p
where p.pronamespace = 'clinic'::regnamespace and p.prorettype <> 'trigger'::regtype
order by p.oid::regprocedure::text collate "C";

-- each has a comment
select pg_describe_object(classid, objid, 0) as "without a comment" from member_of_extension m
where m.classid in ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass, 'pg_namespace'::regclass)
  and not exists (select from pg_type t where m.classid = 'pg_type'::regclass and t.oid = m.objid and (t.typrelid <> 0 or t.typelem <> 0))
  and obj_description(m.objid, m.classid::regclass::text::name) is null
order by pg_describe_object(classid, objid, 0) collate "C";

-- nothing is granted to PUBLIC
select pg_describe_object(m.classid, m.objid, 0) as "granted to PUBLIC"
from member_of_extension m
left join pg_class c on m.classid = 'pg_class'::regclass and c.oid = m.objid
left join pg_proc p on m.classid = 'pg_proc'::regclass and p.oid = m.objid
left join pg_namespace n on m.classid = 'pg_namespace'::regclass and n.oid = m.objid
where exists (select from aclexplode(coalesce(c.relacl, p.proacl, n.nspacl, case when p.oid is not null then acldefault('f', p.proowner) end)) a where a.grantee = 0)
order by pg_describe_object(m.classid, m.objid, 0) collate "C";

-- a table without clinic_id, or with one that may be null (the clinic's own key is id)
select t.relname from tables t
where t.relname <> 'clinic'
  and not exists (select from pg_attribute a where a.attrelid = t.oid and a.attname = 'clinic_id' and a.attnotnull);
-- a key, unique index, exclusion or foreign key without the clinic, or one that does not begin with it
with keys as (
  select t.relname, i.indexrelid::regclass::text as key, array_agg(a.attname::text order by k.n) as columns, bool_or(x.contype = 'x') as is_exclusion
  from tables t
  join pg_index i on i.indrelid = t.oid and (i.indisunique or i.indisexclusion)
  cross join unnest(i.indkey) with ordinality k(attnum, n)
  left join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum
  left join pg_constraint x on x.conindid = i.indexrelid and x.contype = 'x'
  group by 1, 2
  union all
  select t.relname, x.conname, array_agg(a.attname::text order by k.n), false
  from tables t
  join pg_constraint x on x.conrelid = t.oid and x.contype = 'f'
  cross join unnest(x.conkey) with ordinality k(attnum, n)
  join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum
  group by 1, 2)
select * from keys
where relname <> 'clinic' and not (columns[1] = 'clinic_id' or is_exclusion and 'clinic_id' = any (columns));
-- nothing deferrable, no ON DELETE SET NULL, no sequence, no identity
select conname from pg_constraint x join tables t on t.oid = x.conrelid where condeferrable or confdeltype in ('n', 'd');
select pg_describe_object(classid, objid, 0) from member_of_extension m join pg_class c on m.classid = 'pg_class'::regclass and c.oid = m.objid and c.relkind = 'S';
select t.relname, a.attname from tables t join pg_attribute a on a.attrelid = t.oid where a.attidentity <> '';
-- every table is in dumps, whole
select t.relname from tables t
where not exists (select from pg_extension e, unnest(e.extconfig, e.extcondition) c(oid, condition) where e.extname = 'clinic_sched' and c.oid = t.oid and c.condition = '');
-- no row is inserted by the installation
create function pg_temp.rows_of(name) returns bigint language plpgsql as $$
declare
  n bigint;
begin
  execute format('select count(*) from clinic.%I', $1) into n;
  return n;
end $$;
select pg_temp.rows_of(relname) as rows, count(*) as tables from tables group by 1;
drop view tables, member_of_extension;

-- dropped and created again in one session, it works as before
select (clinic.create_clinic('First', 'UTC')).name;
drop extension clinic_sched;
select clinic.uuid7();
create extension clinic_sched;
select (clinic.create_clinic('Second', 'UTC')).name;
insert into clinic.provider (code, name) values ('house', 'Dr House');
select name, phone from clinic.register_patient('Ada Lovelace', '212 555 0123');
select status, starts_at at time zone 'UTC' as starts_at, ends_at at time zone 'UTC' as ends_at
from clinic.book((select id from clinic.patient), (select id from clinic.provider), (select id from clinic.service where code = 'follow_up'), '2099-06-01 09:00+00');
select (clinic.book((select id from clinic.patient), null, (select id from clinic.service where code = 'follow_up'), '2099-06-01 10:00+00')).status;
drop extension clinic_sched;
create extension clinic_sched;
select (clinic.create_clinic('Third', 'UTC')).name;
select count(*) as visits, (select count(*) from clinic.clinic) as clinics from clinic.appointment;
