begin;
select plan(33);
\ir include/fixture.psql

-- The claims of a request, in place of the settings.
create function t.token(claims text) returns void language sql
  as $$select set_config('clinic_sched.clinic_id', '', true), set_config('clinic_sched.actor_id', '', true),
              set_config('request.jwt.claims', $1, true)$$;

-- which clinic
select is(clinic.current_clinic(), t.id('clinic'), 'the setting clinic_sched.clinic_id names the clinic');

select set_config('request.jwt.claims', '{"clinic_id": "00000000-0000-7000-8000-000000000bad"}', true);
select is(clinic.current_clinic(), t.id('clinic'), 'the setting goes before the token''s claim');

do $$begin perform t.token('{"clinic_id": "00000000-0000-7000-8000-00000000C011"}'); end$$;
select is(clinic.current_clinic(), '00000000-0000-7000-8000-00000000c011', 'without the setting the token''s claim names the clinic');

do $$begin perform t.token(''); end$$;
select is(clinic.current_clinic(), t.id('clinic'), 'without either it is the only clinic there is');

savepoint two_clinics;
select clinic.create_clinic('Second', 'UTC');
select is(clinic.current_clinic(), null, 'of two clinics neither is the current one');
select is(t.refusal($$select clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('09:00'))$$),
          'PT400 missing_argument', 'with no current clinic a booking must name one');
rollback to two_clinics;

set local clinic_sched.clinic_id = 'Praxis';
select is(t.refusal($$select clinic.current_clinic()$$), 'PT400 invalid_claim', 'clinic_sched.clinic_id takes nothing but a UUID');
set local clinic_sched.clinic_id = '';
set local clinic_sched.actor_id = '1';
select is(t.refusal($$select clinic.is_staff(t.id('clinic'))$$), 'PT400 invalid_claim', 'clinic_sched.actor_id takes nothing but a UUID');
set local clinic_sched.actor_id = '00000000-0000-7000-8000-0000000000f1x';
select is(t.refusal($$select clinic.current_actor()$$), 'PT400 invalid_claim', 'a UUID with something behind it is none');
set local clinic_sched.actor_id = '';
select is(t.refusal($$set local clinic_sched.nonsense = '1'$$), case when current_setting('server_version_num')::int >= 150000 then '42602' else 'not refused' end, 'a misspelt setting is refused, from PostgreSQL 15 on');

-- which actor
do $$begin perform t.token(''); end$$;
select is(clinic.current_actor(), null, 'without setting and token there is no actor');

do $$begin perform t.act_as('ada''s account'); end$$;
select is(clinic.current_actor(), t.id('ada''s account'), 'the setting clinic_sched.actor_id names the actor');

select set_config('request.jwt.claims', '{"sub": "00000000-0000-7000-8000-0000000000f2"}', true);
select is(clinic.current_actor(), t.id('ada''s account'), 'the setting of the actor goes before the token''s sub');

do $$begin perform t.token('{"sub": "00000000-0000-7000-8000-0000000000f2"}'); end$$;
select is(clinic.current_actor(), t.id('bob''s account'), 'without the setting the token''s sub names the actor');

-- staff
do $$begin perform t.token(''); end$$;
select ok(clinic.is_staff(t.id('clinic')), 'a session without actor and token is staff');
select ok(not clinic.is_staff(null), 'nobody is staff of no clinic');

do $$begin perform t.act_as('the receptionist'); end$$;
select ok(clinic.is_staff(t.id('clinic')), 'a member is staff');
savepoint elsewhere;
do $$begin perform t.token(''); end$$;
select t.call('second', (clinic.create_clinic('Second', 'UTC')).id);
do $$begin perform t.act_as('the receptionist'); end$$;
select ok(not clinic.is_staff(t.id('second')), 'a member of one clinic is not staff of another');
rollback to elsewhere;

do $$begin perform t.act_as('ada''s account'); end$$;
select ok(not clinic.is_staff(t.id('clinic')), 'an account that is no member is not staff');

do $$begin perform t.token('{"sub": "00000000-0000-7000-8000-0000000000f8"}'); end$$;
select ok(clinic.is_staff(t.id('clinic')), 'a member known by a token is staff');

do $$begin perform t.token('{"role": "anon"}'); end$$;
select is(clinic.current_actor(), null, 'a token without sub names no actor');
select ok(not clinic.is_staff(t.id('clinic')), 'a token without sub is not staff');

do $$begin perform t.token('{}'); end$$;
select ok(not clinic.is_staff(t.id('clinic')), 'an empty token is not staff');

do $$begin perform t.token('{"sub": null}'); end$$;
select ok(not clinic.is_staff(t.id('clinic')), 'a token whose sub is null is not staff');

do $$begin perform t.token('{"sub": "postgres"}'); end$$;
select is(t.refusal('select clinic.current_actor()'), 'PT400 invalid_claim', 'a sub that is no UUID is refused');
select is(t.refusal($$select clinic.is_staff(t.id('clinic'))$$), 'PT400 invalid_claim', 'a sub that is no UUID makes nobody staff');
select is(t.refusal($$select clinic.book(t.id('ada'), t.id('house'), t.id('half'), t.at('09:00'))$$),
          'PT400 invalid_claim', 'a sub that is no UUID books nothing');

do $$begin perform t.token('{"sub": 7}'); end$$;
select is(t.refusal('select clinic.current_actor()'), 'PT400 invalid_claim', 'a sub that is a number is refused');

do $$begin perform t.token('{"clinic_id": "here"}'); end$$;
select is(t.refusal('select clinic.current_clinic()'), 'PT400 invalid_claim', 'a clinic_id that is no UUID is refused');

do $$begin perform t.token('[]'); end$$;
select is(t.refusal($$select clinic.is_staff(t.id('clinic'))$$), 'PT400 invalid_claim', 'claims that are no object are refused');

do $$begin perform t.token('"00000000-0000-7000-8000-0000000000f8"'); end$$;
select is(t.refusal($$select clinic.is_staff(t.id('clinic'))$$), 'PT400 invalid_claim', 'claims that are a string are refused');

do $$begin perform t.token('{"sub": '); end$$;
select is(t.refusal($$select clinic.is_staff(t.id('clinic'))$$), '22P02', 'claims that are no JSON are refused, as a bad literal of its type');

do $$begin perform t.token(''); end$$;
select ok(clinic.is_staff(t.id('clinic')), 'the token gone, the session is staff again');

select * from finish();
rollback;
