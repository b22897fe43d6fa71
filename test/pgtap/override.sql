begin;
select plan(33);
\ir include/fixture.psql
create function t.visit(name text default 'v') returns clinic.appointment language sql as $$select a from clinic.appointment a where a.id = t.id($1)$$;

-- Books under a changed rule, with a reason to set the rules aside, through book and by raw INSERT.
create function t.over(rule text, starts_at text, provider text default 'house') returns text language plpgsql as $$
declare
  result text;
begin
  begin
    execute 'update clinic.' || rule;
    result := t.refusal(format('select clinic.book(t.id(%L), t.id(%L), t.id(%L), %s, override_reason => %L)', 'ada', provider, 'half', $2, 'the boss says so')) || ', '
           || t.refusal(format('insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, override_reason) values (t.id(%L), t.id(%L), t.id(%L), %s, %L)', 'ada', provider, 'half', $2, 'the boss says so')) || ', '
           || t.refusal(format('insert into clinic.appointment (patient_id, provider_id, service_id, starts_at) values (t.id(%L), t.id(%L), t.id(%L), %s)', 'ada', provider, 'half', $2));
    raise exception using errcode = 'T0001';
  exception when sqlstate 'T0001' then
    return result;
  end;
end $$;
create function t.excused(reason text) returns text immutable language sql as $$select 'not refused, not refused, ' || $1$$;

select is(t.over('clinic set name = name', '''1999-12-31 12:00+00'''), t.excused('PT422 in_the_past'), 'an override sets aside in_the_past');
select is(t.over('clinic set min_notice = ''1 day''', 'now() + interval ''1 hour'''), t.excused('PT422 too_soon'), 'an override sets aside too_soon');
select is(t.over('clinic set allow_same_day = false', 'now()'), t.excused('PT422 same_day'), 'an override sets aside same_day');
select is(t.over('clinic set max_advance = ''1 day''', 't.at(''09:00'')'), t.excused('PT422 too_far_ahead'), 'an override sets aside too_far_ahead');
select is(t.over('clinic set status = ''closed''', 't.at(''09:00'')'), t.excused('PT422 clinic_closed'), 'an override sets aside clinic_closed');
select is(t.over('service set is_active = false', 't.at(''09:00'')'), t.excused('PT422 inactive'), 'an override sets aside an inactive service');
select is(t.over('resource set is_active = false', 't.at(''09:00'')'), t.excused('PT422 inactive'), 'an override sets aside an inactive provider');
select is(t.over('patient set is_active = false', 't.at(''09:00'')'), t.excused('PT422 inactive'), 'an override sets aside an inactive patient');

-- what it never sets aside
select t.call('v', t.book('bob', 'house', t.at('09:00')));
select is(t.over('clinic set name = name', 't.at(''09:15'')'), 'PT409 slot_taken, PT409 slot_taken, PT409 slot_taken', 'an override never sets aside an overlap');
select is(t.refusal($$select clinic.book(t.id('ada'), t.id('grey'), t.id('half'), t.at('09:00'), override_reason => 'x', resource_ids => array[t.id('grey')])$$), 'PT409 in_use', 'nor what a visit is');
select is(t.refusal($$select clinic.book(t.id('ada'), t.id('nobody'), t.id('half'), t.at('09:00'), override_reason => 'x')$$), 'PT404 not_found', 'nor who is there');
select is(t.refusal($$select clinic.book(t.id('ada'), t.id('grey'), t.id('half'), t.at('09:00'), '27 hours', override_reason => 'x')$$), 'PT422 invalid_duration', 'nor that a visit takes at most a civil day');
select is(t.refusal($$insert into clinic.appointment (patient_id, provider_id, service_id, starts_at, ends_at, override_reason) values (t.id('ada'), t.id('grey'), t.id('half'), t.at('09:00'), t.at('09:00'), 'x')$$), 'PT422 invalid_duration', 'nor that it takes time');
update clinic.clinic set prevent_patient_overlap = true where id = t.id('clinic');
select is(t.refusal($$select clinic.book(t.id('bob'), t.id('grey'), t.id('half'), t.at('09:00'), override_reason => 'x')$$), 'PT409 patient_overlap', 'nor that a patient is in one place at a time');
update clinic.clinic set prevent_patient_overlap = false where id = t.id('clinic');

-- any provider
create function t.any(starts_at text, resources uuid[], reason text default 'x') returns text language sql
  as $$select t.refusal(format('select clinic.book(t.id(%L), null, t.id(%L), t.at(%L), resource_ids => %L, override_reason => %L)', 'ada', 'half', $1, $2, $3))$$;
update clinic.room set is_active = false where code = 'theatre';
insert into clinic.closure (resource_id, during) values (t.id('laser'), tstzrange(t.at('00:00'), t.at('00:00', 1)));
select is(t.any('08:00', array[t.id('theatre')]), 'not refused', 'any provider: an override sets aside an inactive room');
select is(t.any('08:00', array[t.id('theatre')], null), 'PT422 inactive', 'which the rules do not');
select is(t.any('08:00', array[t.id('laser')]), 'not refused', 'any provider: an override sets aside a device''s closure');
select is(t.any('08:00', array[t.id('laser')], null), 'PT422 provider_absent', 'which the rules do not');
select clinic.book(t.id('bob'), t.id('house'), t.id('half'), t.at('08:00'), resource_ids => array[t.id('room')]);
select is(t.any('08:15', array[t.id('room')]), 'PT409 slot_taken', 'any provider: an override never sets aside an overlap in a room');
select is(t.any('08:15', array[t.id('theatre'), t.id('room')]), 'PT409 slot_taken', 'nor in one room of two');

-- one reason for one time
select t.call('o', (clinic.book(t.id('ada'), t.id('house'), t.id('half'), '1999-12-31 12:00+00', override_reason => 'typed in later')).id);
select is((t.visit('o')).override_reason, 'typed in later', 'the reason is kept');
select is(j.new ->> 'override_reason', 'typed in later', 'and journalled') from clinic.journal j where j.entity_id = t.id('o');
select is(t.refusal($$select clinic.reschedule(t.id('o'), '1999-12-31 13:00+00')$$), 'PT422 in_the_past', 'it does not excuse another time');
select is(t.refusal($$update clinic.appointment set starts_at = '1999-12-31 13:00+00' where id = t.id('o')$$), 'PT422 in_the_past', 'not by an UPDATE either');
select is((clinic.reschedule(t.id('o'), '1999-12-31 13:00+00', override_reason => 'typed wrong')).override_reason, 'typed wrong', 'another time needs a reason of its own');
select is((clinic.reschedule(t.id('o'), '1999-12-31 14:00+00', override_reason => 'typed wrong')).override_reason, 'typed wrong', 'which may be the same again');
select is((clinic.reschedule(t.id('o'), t.at('12:00'))).override_reason, null, 'a time by the rules has none');
update clinic.appointment set starts_at = '1999-12-31 14:00+00', override_reason = 'typed in again' where id = t.id('o');
update clinic.appointment set notes = 'x' where id = t.id('o');
select is((t.visit('o')).override_reason, 'typed in again', 'a reason stays while the time does');
update clinic.appointment set starts_at = t.at('12:30') where id = t.id('o');
select is((t.visit('o')).override_reason, null, 'a raw UPDATE to a time by the rules takes the reason away');
select is((clinic.confirm(t.id('o'))).status, 'confirmed', 'what follows needs no reason');
select is(t.refusal($$select clinic.reschedule(t.id('o'), t.at('09:10'), override_reason => 'x')$$), 'PT409 slot_taken', 'a move with a reason overlaps nobody');
select is(t.refusal($$update clinic.appointment set starts_at = t.at('09:10'), override_reason = 'x' where id = t.id('o')$$), 'PT409 slot_taken', 'not by an UPDATE either');

select is_empty('select * from clinic.verify()', 'and every claim is what it should be');
select * from finish();
rollback;
