-- identity: which clinic, which actor, and whether that is staff
\set SHOW_CONTEXT never
select id as north from clinic.create_clinic('North', 'UTC') \gset
select id as south from clinic.create_clinic('South', 'UTC') \gset
create function pg_temp.shown(id uuid) returns text language sql as
  $$select coalesce((select name from clinic.clinic where clinic.clinic.id = $1), $1::text, 'none')$$;

-- several clinics, and none is named
select pg_temp.shown(clinic.current_clinic()) as clinic, clinic.current_actor() is null as no_actor, clinic.is_staff() as staff_of_none;

-- by setting
set clinic_sched.clinic_id = :'north';
select pg_temp.shown(clinic.current_clinic()) as clinic, clinic.is_staff();
set clinic_sched.actor_id = '00000000-0000-7000-8000-0000000000f1';
select clinic.current_actor(), clinic.is_staff();
-- nobody makes himself staff
insert into clinic.member (user_id, role, name) values ('00000000-0000-7000-8000-0000000000f1', 'nurse', 'Ann');
reset clinic_sched.actor_id;
insert into clinic.member (user_id, role, name) values ('00000000-0000-7000-8000-0000000000f1', 'nurse', 'Ann');
set clinic_sched.actor_id = '00000000-0000-7000-8000-0000000000f1';
select clinic.is_staff() as in_the_north, clinic.is_staff(:'south') as in_the_south;
reset clinic_sched.actor_id;
reset clinic_sched.clinic_id;

-- by the token's claims
select set_config('request.jwt.claims', json_build_object('clinic_id', :'south', 'sub', '00000000-0000-7000-8000-0000000000f1', 'role', 'web')::text, false) is not null as token;
select pg_temp.shown(clinic.current_clinic()) as clinic, clinic.current_actor(), clinic.is_staff() as in_the_south, clinic.is_staff(:'north') as in_the_north;

-- what is no UUID
set clinic_sched.clinic_id = 'North';
select clinic.current_clinic();
reset clinic_sched.clinic_id;
set clinic_sched.actor_id = '0';
select clinic.is_staff(:'north');
reset clinic_sched.actor_id;
set request.jwt.claims = '{"sub": "ann@example.org"}';
select clinic.current_actor();
select clinic.is_staff(:'north');
set request.jwt.claims = '["sub"]';
select clinic.current_actor();
set request.jwt.claims = '{"role": "anon"}';
select clinic.current_actor() is null as no_actor, clinic.is_staff(:'north');
reset request.jwt.claims;
